//! The page of the Admin UI, from a folder of the operator's.

use std::path::PathBuf;

use actix_files::Files;
use actix_web::{
    http::header::{
        CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
    middleware::DefaultHeaders,
    web::{self, ServiceConfig},
};

/// The page loads its font from Google, and its icons from jsdelivr. It connects to the server
/// that its user types. Nothing else is allowed: no script of others, and no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; img-src 'self' data:; \
                      style-src 'self' 'unsafe-inline' https://fonts.googleapis.com \
                      https://cdn.jsdelivr.net; \
                      font-src https://fonts.gstatic.com https://cdn.jsdelivr.net; \
                      connect-src http: https: ws: wss:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Serves the folder below `/admin/`.
pub(crate) fn admin_files(folder: PathBuf) -> impl FnOnce(&mut ServiceConfig) {
    move |services| {
        // All links of the page are relative, so the slash counts.
        services.service(web::redirect("/admin", "/admin/"));
        let headers = DefaultHeaders::new()
            .add((CONTENT_SECURITY_POLICY, POLICY))
            .add((X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .add((X_FRAME_OPTIONS, "DENY"))
            .add((REFERRER_POLICY, "no-referrer"));
        let files = Files::new("/", folder).index_file("index.html");
        services.service(web::scope("/admin").wrap(headers).service(files));
    }
}
