//! The description of the API, made from the types that are read and written.

use serde_json::{Map, Value, json};
#[cfg(feature = "jwt")]
use utoipa::PartialSchema as _;
use utoipa::{OpenApi, ToSchema};

#[cfg(feature = "jwt")]
use super::requests::RevokeRequest;
use super::{
    ApiMethod,
    problem::{ProblemCode, ProblemDocument},
    replies::{
        BatchReply, ChannelReply, ChannelsReply, CommandReply, CountReply, EmitReply, EmptyReply,
        HistoryReply, InfoReply, MemberReply, MessageReply, PresenceReply, PresenceStatsReply,
        PublishReply, SocketReply, SocketsReply,
    },
    requests::{
        BatchRequest, BroadcastRequest, ChannelsRequest, DisconnectRequest, EmitRequest,
        HistoryRequest, InfoRequest, MembershipRequest, NamedChannelRequest, PublishRequest,
        SocketsRequest,
    },
};

/// The schemas.
#[derive(OpenApi)]
#[openapi(components(schemas(
    BatchReply,
    BatchRequest,
    BroadcastRequest,
    ChannelReply,
    NamedChannelRequest,
    ChannelsReply,
    ChannelsRequest,
    CommandReply,
    CountReply,
    DisconnectRequest,
    EmitReply,
    EmitRequest,
    EmptyReply,
    HistoryReply,
    HistoryRequest,
    InfoReply,
    InfoRequest,
    MemberReply,
    MembershipRequest,
    MessageReply,
    PresenceReply,
    PresenceStatsReply,
    ProblemCode,
    ProblemDocument,
    PublishReply,
    PublishRequest,
    SocketReply,
    SocketsReply,
    SocketsRequest
)))]
struct Schemas;

/// The statuses of errors that each method may answer with.
const ERRORS: [(u16, &str); 12] = [
    (400, "The request can't be read, or does not make sense."),
    (401, "The key is missing or unknown."),
    (403, "The key may not do this."),
    (404, "There is no such namespace or channel, or it lacks what is asked for."),
    (405, "Another HTTP method is expected, which `Allow` names."),
    (408, "The body did not come in time."),
    (409, "The idempotency key was used with another request."),
    (413, "The body, a list or an event is too large."),
    (415, "The body must be JSON."),
    (429, "The key has too many requests at once. `Retry-After` says when to try again."),
    (500, "A fault of the server."),
    (503, "The server has no capacity now. `Retry-After` says when to try again."),
];

/// The names of a method's request and reply, and a summary.
fn parts(method: ApiMethod) -> (String, String, &'static str) {
    fn of<Q: ToSchema, A: ToSchema>(summary: &'static str) -> (String, String, &'static str) {
        (Q::name().into_owned(), A::name().into_owned(), summary)
    }
    match method {
        ApiMethod::Publish => of::<PublishRequest, PublishReply>("Publish to a channel"),
        ApiMethod::Broadcast => {
            of::<BroadcastRequest, PublishReply>("Publish to several channels, once to each client")
        }
        ApiMethod::Batch => of::<BatchRequest, BatchReply>("Do several commands"),
        ApiMethod::Emit => of::<EmitRequest, EmitReply>("Send an event to sockets"),
        ApiMethod::Subscribe => {
            of::<MembershipRequest, CountReply>("Subscribe sockets to a channel")
        }
        ApiMethod::Unsubscribe => {
            of::<MembershipRequest, CountReply>("Unsubscribe sockets from a channel")
        }
        ApiMethod::Disconnect => of::<DisconnectRequest, CountReply>("Disconnect sockets"),
        ApiMethod::Presence => {
            of::<NamedChannelRequest, PresenceReply>("List the members of a channel")
        }
        ApiMethod::PresenceStats => {
            of::<NamedChannelRequest, PresenceStatsReply>("Count the members of a channel")
        }
        ApiMethod::History => of::<HistoryRequest, HistoryReply>("Read the history of a channel"),
        ApiMethod::HistoryRemove => {
            of::<NamedChannelRequest, EmptyReply>("Drop the history of a channel")
        }
        ApiMethod::Channels => of::<ChannelsRequest, ChannelsReply>("List channels"),
        ApiMethod::Sockets => of::<SocketsRequest, SocketsReply>("List sockets"),
        ApiMethod::Info => of::<InfoRequest, InfoReply>("Describe the server"),
        #[cfg(feature = "jwt")]
        ApiMethod::Revoke => of::<RevokeRequest, CountReply>("Believe a token no more"),
    }
}

/// Describes an API that is mounted at a path.
pub(super) fn describe(path: &str) -> Value {
    let paths: Map<_, _> = ApiMethod::ALL
        .into_iter()
        .map(|method| (format!("{path}/{method}"), json!({"post": operation(method)})))
        .collect();
    let components = Schemas::openapi().components;
    #[cfg(feature = "jwt")]
    let components = components.map(|mut components| {
        components.schemas.insert(RevokeRequest::name().into_owned(), RevokeRequest::schema());
        components
    });
    // The derived part has no maps with keys that are not strings.
    let mut schemas = serde_json::to_value(components).unwrap_or_default();
    schemas["securitySchemes"] = json!({
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "bearer": {"type": "http", "scheme": "bearer"},
    });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "actix-socketio",
            "description": "Publishes to the clients of a Socket.IO server, looks at them, and \
                            acts on them.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "paths": paths,
        "components": schemas,
        "security": [{"key": []}, {"bearer": []}],
    })
}

fn operation(method: ApiMethod) -> Value {
    let (request, reply, summary) = parts(method);
    let content = |kind: &str, schema: &str| {
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        json!({ kind: { "schema": schema } })
    };
    let mut responses = Map::new();
    let answer = content("application/json", &reply);
    responses.insert("200".to_owned(), json!({"description": "Done.", "content": answer}));
    let problem = content("application/problem+json", &ProblemDocument::name());
    for (status, description) in ERRORS {
        let response = json!({"description": description, "content": problem});
        responses.insert(status.to_string(), response);
    }
    json!({
        "operationId": method.as_str(),
        "summary": summary,
        "requestBody": {"required": true, "content": content("application/json", &request)},
        "responses": responses,
    })
}
