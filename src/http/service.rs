//! The endpoint as a service of actix-web.

use std::{rc::Rc, sync::Arc};

use actix_web::{
    Error,
    dev::{
        AppService, Extensions, HttpServiceFactory, ResourceDef, ResourceMap, ServiceFactory,
        ServiceRequest, ServiceResponse, fn_service,
    },
    guard::fn_guard,
    middleware::from_fn,
    web::{self, ServiceConfig},
};

use super::{
    duplicate_server::MountRecord,
    endpoint::{Endpoint, handle_request},
    unread_body::{close_unread_bodies, needs_finish},
};

/// Registers an endpoint with an app. The application's request handlers get `handle` as
/// `web::Data<T>`.
pub(crate) fn mount<T: 'static>(
    endpoint: &Arc<Endpoint>,
    handle: web::Data<T>,
    services: &mut ServiceConfig,
) {
    services.app_data(handle.clone());
    services.service(MountRecord(Arc::clone(endpoint)));
    let path = endpoint.engine.config.path.trim_end_matches('/').to_owned();
    let mut data = Extensions::new();
    data.insert(handle);
    let service = EndpointService { path, endpoint: Arc::clone(endpoint), data: Rc::new(data) };
    match &endpoint.settings.cors {
        Some(cors) => {
            let scope = || {
                let scope = web::scope(&service.path).wrap(cors.middleware());
                scope.default_service(service.factory())
            };
            // The CORS middleware answers some requests without the endpoint, and drops their
            // bodies. The second middleware keeps them. Other requests do not pass through it.
            let guard = fn_guard(|request| needs_finish(request.head()));
            services.service(scope().guard(guard).wrap(from_fn(close_unread_bodies)));
            services.service(scope())
        }
        None => services.service(service),
    };
}

/// Serves all requests below the path, which Engine.IO matches as a prefix.
///
/// It is a service of its own so that a poll costs less. A scope with a route allocates two more
/// futures for each request, and a resource with several paths matches a regular expression.
struct EndpointService {
    path: String,
    endpoint: Arc<Endpoint>,
    data: Rc<Extensions>,
}

impl EndpointService {
    fn factory(
        &self,
    ) -> impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse,
        Error = Error,
        InitError = (),
    > + use<> {
        let (endpoint, data) = (Arc::clone(&self.endpoint), Rc::clone(&self.data));
        fn_service(move |mut request: ServiceRequest| {
            // Each request gets the handle of its own endpoint. If several endpoints are mounted,
            // the application's data is the handle of the last one.
            request.add_data_container(Rc::clone(&data));
            handle_request(Arc::clone(&endpoint), request)
        })
    }
}

impl HttpServiceFactory for EndpointService {
    fn register(self, services: &mut AppService) {
        let path = ResourceDef::root_prefix(&self.path);
        // A scope registers itself in the same way, and with CORS this service is in one. It has no
        // resources of its own.
        let resources = Rc::new(ResourceMap::new(path.clone()));
        services.register_service(path, None, self.factory(), Some(resources));
    }
}
