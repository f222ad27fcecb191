//! The application on this crate, with its default bounds: all of them are on.

use std::sync::{Arc, OnceLock};

use actix::{Actor, Arbiter, Context, Handler};
use actix_socketio::{HandlerResult, History, OnMessage, SocketIo, SocketIoServerExt, channel};
use actix_web::{App, HttpServer};

use super::{BACKLOG, Kind, announce};
use crate::Fallible;

/// What a channel keeps, where channels have a history.
const KEPT: usize = 100;

/// The handle by which handlers publish. It does not exist yet when they are registered.
type Io = Arc<OnceLock<SocketIo>>;

pub(super) fn run(workers: usize, kind: Kind) -> Fallible {
    actix_web::rt::System::new().block_on(async {
        let io = Io::default();
        // The crate itself handles `subscribe`. Without a route, every name is allowed.
        let builder = SocketIo::builder().open_channels();
        let builder = match kind {
            Kind::OursHistory => builder.route(channel("^channel-").history(History::last(KEPT))),
            _ => builder,
        };
        let builder = if kind == Kind::OursActor {
            let application = Application { io: Arc::clone(&io) };
            let actor =
                Actor::start_in_arbiter(&Arbiter::new().handle(), |_: &mut Context<_>| application);
            builder.on_message(&actor)
        } else {
            let io = Arc::clone(&io);
            builder.on_message(async move |event: OnMessage| answer(&event, &io))
        };
        let built = builder.build()?;
        let server = io.get_or_init(|| built).clone();
        let app = server.clone();
        let http = HttpServer::new(move || App::new().configure(app.mount()))
            .workers(workers)
            .backlog(BACKLOG.into())
            .tcp_nodelay(true)
            .socketio(&server)
            .disable_signals()
            .bind(("127.0.0.1", 0))?;
        announce(http.addrs()[0])?;
        Ok(http.run().await?)
    })
}

fn answer(event: &OnMessage, io: &Io) -> HandlerResult {
    match event.event() {
        "broadcast" => {
            let (channel, payload): (String, String) = (event.arg(0)?, event.arg(1)?);
            if let Some(io) = io.get() {
                io.to(channel).emit("message", &payload)?;
            }
        }
        "echo" => event.socket.emit("echo", &event.json::<String>()?)?,
        "ack" => event.ack(&event.json::<String>()?)?,
        _ => {}
    }
    Ok(())
}

struct Application {
    io: Io,
}

impl Actor for Application {
    type Context = Context<Self>;
}

impl Handler<OnMessage> for Application {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> HandlerResult {
        answer(&event, &self.io)
    }
}
