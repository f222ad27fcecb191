//! The endpoint as a service of actix-web.

use std::{rc::Rc, sync::Arc};

use actix_web::{
    Error,
    dev::{
        AppService, Extensions, HttpServiceFactory, ResourceDef, ResourceMap, ServiceFactory,
        ServiceRequest, ServiceResponse, fn_service,
    },
    web::{self, ServiceConfig},
};

use super::endpoint::{Endpoint, answer};

/// Registers an endpoint. `handle` is there for the application's request handlers as
/// `web::Data<T>`.
pub(crate) fn mount<T: 'static>(
    endpoint: &Arc<Endpoint>,
    handle: web::Data<T>,
    services: &mut ServiceConfig,
) {
    services.app_data(handle.clone());
    let path = endpoint.engine.config.path.trim_end_matches('/').to_owned();
    let mut data = Extensions::new();
    data.insert(handle);
    let service = EndpointService { path, endpoint: Arc::clone(endpoint), data: Rc::new(data) };
    match &endpoint.settings.cors {
        Some(cors) => {
            let scope = web::scope(&service.path).wrap(cors.middleware());
            services.service(scope.default_service(service.factory()))
        }
        None => services.service(service),
    };
}

/// Everything below the path, which Engine.IO matches as a prefix.
///
/// It is a service of its own to keep the way of a poll short. A scope with a route has two futures
/// more on the heap for each request, and a resource with several paths is a regular expression.
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
            // Requests to this endpoint have its own handle. Where several are mounted, the
            // application's data is the handle of the last one.
            request.add_data_container(Rc::clone(&data));
            answer(Arc::clone(&endpoint), request)
        })
    }
}

impl HttpServiceFactory for EndpointService {
    fn register(self, services: &mut AppService) {
        let path = ResourceDef::root_prefix(&self.path);
        // As a scope registers itself, which this is with CORS: no request is for a resource of
        // its own.
        let resources = Rc::new(ResourceMap::new(path.clone()));
        services.register_service(path, None, self.factory(), Some(resources));
    }
}
