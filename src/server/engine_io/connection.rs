use std::sync::Arc;

use actix::{Actor, ActorContext, ActorState, Addr, AsyncContext, Context, Handler, Message};
use tokio::time::Instant;

use super::{EngineHandler, EngineSocket};
use crate::{
    engine::{
        AfterEvent, Alarm, ClientEnd, Due, EngineMessage, EngineState, OutboxNotice, SessionDriver,
        SessionRequest,
    },
    model::{DisconnectReason, Handshake, SessionId},
    outbox::OutboxEvent,
    panic_guard::call_hook,
    protocol::EnginePacket,
    transport::{Session, SessionEvent},
};

/// The actor of one session with the application's own protocol.
pub(super) struct EngineConnection {
    socket: EngineSocket,
    handler: Arc<dyn EngineHandler>,
    alarm: Alarm,
    /// Whether the handler knows of the session.
    is_open: bool,
    /// The last field, so that the session is counted until everything else of it is dropped.
    driver: SessionDriver,
}

/// Asks the actor to end its session.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct CloseSession;

impl EngineConnection {
    /// Starts the actor of a session on this thread's arbiter.
    pub(super) fn open(
        engine: &Arc<EngineState>,
        handler: Arc<dyn EngineHandler>,
        request: SessionRequest,
    ) -> (SessionId, Arc<Session>) {
        let SessionRequest { request, extensions, transport, version, slot } = request;
        let ctx = Context::new();
        let addr: Arc<Addr<Self>> = Arc::new(ctx.address());
        let driver = SessionDriver::open(engine, request, transport, version, slot, &addr);
        let (id, session) = (driver.id(), Arc::clone(driver.session()));
        let handshake = Handshake::new(Arc::clone(driver.request()), None);
        let outbox = Arc::clone(driver.outbox());
        let socket = EngineSocket::new(Arc::clone(engine), outbox, addr, handshake, extensions);
        // `Context::run` would allocate another address.
        let connection = Self { socket, handler, alarm: Alarm::default(), is_open: false, driver };
        actix::spawn(ctx.into_future(connection));
        (id, session)
    }

    /// Processes packets until the queue is empty or the client is over its rate.
    fn process(&mut self, ctx: &mut Context<Self>) {
        while let Some(packet) = self.driver.next_packet() {
            if let Err(client_end) = self.receive(packet) {
                let reason = self.driver.log_client_end(&client_end);
                self.end(reason, ctx);
            }
        }
        if !self.driver.is_ended() && self.alarm.is_after(self.driver.next_deadline()) {
            self.set_alarm(ctx);
        }
        self.driver.flush_traffic();
        self.driver.report_progress();
        if self.driver.is_ended() {
            if self.driver.may_stop() {
                ctx.stop();
            }
        } else if self.driver.is_draining() {
            self.end(DisconnectReason::ServerShutdown, ctx);
        }
    }

    fn receive(&mut self, packet: EnginePacket) -> Result<(), ClientEnd> {
        let Some(message) = self.driver.receive(packet)? else { return Ok(()) };
        if self.driver.is_draining() {
            return Ok(());
        }
        self.driver.begin_handling(Instant::now);
        self.call_message(message);
        self.driver.handled();
        Ok(())
    }

    fn call_message(&self, message: EngineMessage) {
        call_hook("EngineHandler::message", || self.handler.message(&self.socket, message));
    }

    /// Ends the session. Nothing more is received, and messages that were sent before still go out.
    fn end(&mut self, reason: DisconnectReason, ctx: &mut Context<Self>) {
        if !self.driver.end(reason) {
            return;
        }
        if self.driver.awaits_last_poll() {
            self.set_alarm(ctx);
        }
        self.call_close(reason);
        self.process(ctx);
    }

    fn call_close(&self, reason: DisconnectReason) {
        self.driver.close_outbox(reason);
        call_hook("EngineHandler::close", || self.handler.close(&self.socket, reason));
    }

    fn give_up_client(&mut self, ctx: &mut Context<Self>) {
        if self.driver.give_up_client() {
            self.process(ctx);
        }
    }

    fn set_alarm(&mut self, ctx: &mut Context<Self>) {
        self.alarm.set(self.driver.next_deadline(), ctx, Self::tick);
    }

    fn tick(&mut self, ctx: &mut Context<Self>) {
        self.alarm.clear();
        if self.driver.resumes_reading(Instant::now()) {
            self.process(ctx);
            if !self.driver.is_held() {
                self.driver.reading_resumed();
            }
        }
        match self.driver.tick(Instant::now()) {
            Due::Nothing => {}
            Due::PingTimeout => self.end(DisconnectReason::PingTimeout, ctx),
            Due::CloseTimeout => return self.give_up_client(ctx),
        }
        if !self.driver.is_ended() || self.driver.awaits_last_poll() {
            self.set_alarm(ctx);
        }
    }
}

impl Actor for EngineConnection {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // A System that ends drops an actor that has not run yet, and actix calls this first. There
        // is no timer any more, and the handler has nothing to open.
        if ctx.state() != ActorState::Running {
            return;
        }
        // Zero means unlimited. The mailbox stays short, since transports wait for an answer before
        // they send more.
        ctx.set_mailbox_capacity(0);
        self.set_alarm(ctx);
        self.is_open = true;
        call_hook("EngineHandler::open", || self.handler.open(&self.socket));
    }
}

impl Drop for EngineConnection {
    /// A session that is dropped together with its arbiter is closed for the handler, too.
    fn drop(&mut self) {
        if self.is_open && self.driver.end(DisconnectReason::ServerShutdown) {
            self.call_close(DisconnectReason::ServerShutdown);
        }
    }
}

impl Handler<SessionEvent> for EngineConnection {
    type Result = ();

    fn handle(&mut self, event: SessionEvent, ctx: &mut Context<Self>) {
        match self.driver.handle_event(event) {
            AfterEvent::Nothing => {}
            AfterEvent::Process => self.process(ctx),
            AfterEvent::GiveUpClient => self.give_up_client(ctx),
            AfterEvent::End(reason) => self.end(reason, ctx),
        }
    }
}

impl Handler<OutboxNotice> for EngineConnection {
    type Result = ();

    fn handle(&mut self, OutboxNotice(event): OutboxNotice, ctx: &mut Context<Self>) {
        match event {
            OutboxEvent::Overflow => self.end(DisconnectReason::SlowConsumer, ctx),
            OutboxEvent::OutOfMemory => self.end(DisconnectReason::MemoryLimit, ctx),
            OutboxEvent::Emptied => {
                self.driver.last_frame_taken();
                self.process(ctx);
            }
            OutboxEvent::Upgraded => self.driver.upgraded(),
        }
    }
}

impl Handler<CloseSession> for EngineConnection {
    type Result = ();

    fn handle(&mut self, _: CloseSession, ctx: &mut Context<Self>) {
        self.end(DisconnectReason::ServerDisconnect, ctx);
    }
}
