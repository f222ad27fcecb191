//! Errors of actix-web in handlers of events.

use std::io;

use super::HandlerError;

impl HandlerError {
    /// Converts an error of actix-web, for `?` on what also serves request handlers.
    ///
    /// An error with a client's status, 400 to 499, becomes a refusal: the client reads its text.
    /// The text of any other error stays on the server, as with `?` on all other errors. An
    /// [`actix_web::Error`] may not leave its thread, so only its text is kept, and `?` alone
    /// cannot convert it.
    ///
    /// ```
    /// use actix_socketio::HandlerError;
    /// use actix_web::error::{ErrorForbidden, ErrorInternalServerError};
    /// use serde_json::json;
    ///
    /// /// Also called by request handlers.
    /// fn may_edit(user: &str) -> actix_web::Result<()> {
    ///     if user == "ada" { Ok(()) } else { Err(ErrorForbidden("editors only")) }
    /// }
    ///
    /// fn edit(user: &str) -> Result<(), HandlerError> {
    ///     may_edit(user).map_err(HandlerError::from_web)?;
    ///     Ok(())
    /// }
    ///
    /// assert!(edit("ada").is_ok());
    /// assert_eq!(edit("eve").unwrap_err().to_client(), json!({"message": "editors only"}));
    /// let broken = HandlerError::from_web(ErrorInternalServerError("no connection to db-3"));
    /// assert_eq!(broken.to_client(), json!({"message": "internal error"}));
    /// ```
    pub fn from_web(error: impl Into<actix_web::Error>) -> Self {
        let error = error.into();
        let text = error.to_string();
        if error.as_response_error().status_code().is_client_error() {
            Self::reject(text)
        } else {
            io::Error::other(text).into()
        }
    }
}
