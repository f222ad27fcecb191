use std::{fmt, sync::Arc, time::Duration};

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::MemberId;
use crate::{
    log_text::log_line,
    model::{ChannelMatch, JoiningMember, Member, PresenceOptions},
    panic_guard::call_hook,
    socket::{MemberSource, Socket},
    stats::RefusalKind,
};

/// Lets the subscribers of a channel see who else is there.
///
/// [`Route::presence`](crate::Route::presence) takes it. A *member* is a user, who may have several
/// sockets: two tabs of one browser are one member. A client gets the list with its subscription,
/// and then the changes as the event `presence`. The guide
/// [`presence`](crate::guide::presence) has both, for clients in every language.
///
/// ```
/// use std::time::Duration;
///
/// use actix_socketio::{Presence, Socket, SocketIo, channel};
/// use serde_json::json;
///
/// /// What an `on_connect` handler has put there.
/// fn user(socket: &Socket) -> Option<String> {
///     socket.context().get("user").ok().flatten()
/// }
///
/// let presence = Presence::by(user)
///     .info(|socket| json!({"name": user(socket)}))
///     .grace(Duration::from_secs(30))
///     .max_members(200);
/// let builder = SocketIo::builder().route(channel("^room-").presence(presence));
/// ```
#[derive(Clone)]
#[must_use = "it does nothing until it is given to `Route::presence`"]
pub struct Presence {
    pub(super) options: PresenceOptions,
    id: IdFn,
    info: Option<InfoFn>,
}

type IdFn = Arc<dyn Fn(&Socket) -> Option<String> + Send + Sync>;
type InfoFn = Arc<dyn Fn(&Socket) -> serde_json::Result<Box<RawValue>> + Send + Sync>;

impl Presence {
    /// Presence by the id of the user behind a socket. `None` is a guest, which counts among the
    /// clients and not among the members.
    ///
    /// The function is called when the socket subscribes. Take the id from what an
    /// [`OnConnect`](crate::OnConnect) handler has put into [`Socket::context`] or
    /// [`Socket::extensions`]: all subscribers of the channel see it. If the function panics, the
    /// socket is a guest.
    ///
    /// ```
    /// use actix_socketio::Presence;
    ///
    /// // Each socket is a member of its own.
    /// let presence = Presence::by(|socket| socket.id());
    /// ```
    pub fn by<K: MemberId>(id: impl Fn(&Socket) -> K + Send + Sync + 'static) -> Self {
        let id = Arc::new(move |socket: &Socket| id(socket).into_member_id());
        Self { options: PresenceOptions::DEFAULT, id, info: None }
    }

    /// Presence by the users of [`Builder::tokens`](crate::Builder::tokens). The others see the
    /// claim `info` of a member's token. Clients without a token are guests.
    ///
    /// ```
    /// use actix_socketio::{Presence, channel};
    ///
    /// let route = channel("^room-").for_users().presence(Presence::by_user());
    /// ```
    #[cfg(feature = "jwt")]
    pub fn by_user() -> Self {
        let info = |socket: &Socket| -> Option<serde_json::Value> { socket.claims()?.get("info") };
        Self::by(|socket| socket.user().map(str::to_owned)).info(info)
    }

    /// The part of a member that the others see, such as a name and a picture. Without it, `null`.
    ///
    /// The function is called when a socket of the member subscribes, after the one of
    /// [`Presence::by`]. If it returns something else than for the socket before, the member has
    /// the newer one from then on, and the others receive it as a join.
    ///
    /// ```
    /// use actix_socketio::Presence;
    /// use serde_json::json;
    ///
    /// let presence = Presence::by(|socket| socket.id())
    ///     .info(|socket| json!({"agent": socket.handshake().header("user-agent")}));
    /// ```
    pub fn info<T: Serialize>(
        mut self,
        info: impl Fn(&Socket) -> T + Send + Sync + 'static,
    ) -> Self {
        self.info = Some(Arc::new(move |socket| to_raw_value(&info(socket))));
        self
    }

    /// How long a member stays that has lost its last connection (default: 15 s). If it comes back
    /// in this time, the others do not notice.
    ///
    /// A member whose client unsubscribes or disconnects, or is disconnected by the server, goes at
    /// once. With zero, each member does.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actix_socketio::Presence;
    /// let presence = Presence::by(|socket| socket.id()).grace(Duration::from_secs(60));
    /// ```
    pub fn grace(mut self, grace: Duration) -> Self {
        self.options.grace = grace;
        self
    }

    /// The least time between two events `presence` in a channel (default: 500 ms). Changes in
    /// between are in one event.
    ///
    /// With zero, each change is sent as soon as possible, and the answer to a subscription waits
    /// until the others have been sent the join.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actix_socketio::Presence;
    /// let presence = Presence::by(|socket| socket.id()).every(Duration::from_secs(2));
    /// ```
    pub fn every(mut self, every: Duration) -> Self {
        self.options.every = every;
        self
    }

    /// The largest number of members that are listed (default: 1,000). Where there are more,
    /// clients only learn how many there are.
    ///
    /// ```
    /// # use actix_socketio::Presence;
    /// // How many watch, and no names.
    /// let presence = Presence::by(|socket| socket.id()).max_members(0);
    /// ```
    pub fn max_members(mut self, max_members: usize) -> Self {
        self.options.max_members = max_members;
        self
    }

    /// The largest [`info`](Self::info) of a member, in bytes of JSON, and its largest id (default:
    /// 2,000).
    ///
    /// Larger info is left out, and the member has `null`. A socket with a larger id is a guest.
    /// Both are counted in [`Stats::refusals`](crate::Stats::refusals), as `max_info`.
    ///
    /// ```
    /// # use actix_socketio::Presence;
    /// let presence = Presence::by(|socket| socket.id()).max_info(100);
    /// ```
    pub fn max_info(mut self, max_info: usize) -> Self {
        self.options.max_info = max_info;
        self
    }

    fn member(&self, socket: &Socket) -> Option<Member> {
        let id = call_hook("Presence::by", || (self.id)(socket))??;
        if id.len() > self.options.max_info {
            self.note_large(socket, "id");
            return None;
        }
        Some(Member { id: id.into(), info: self.info_of(socket).into() })
    }

    fn info_of(&self, socket: &Socket) -> Box<RawValue> {
        let Some(info) = &self.info else { return RawValue::NULL.to_owned() };
        match call_hook("Presence::info", || info(socket)) {
            Some(Ok(info)) if info.get().len() <= self.options.max_info => return info,
            Some(Ok(_)) => self.note_large(socket, "info"),
            Some(Err(error)) => log_line!(
                log::Level::Error,
                "{} \"{}\": the info of a member is not JSON: {}",
                socket.id(),
                socket.namespace();
                error
            ),
            None => {}
        }
        RawValue::NULL.to_owned()
    }

    fn note_large(&self, socket: &Socket, what: &str) {
        socket.counters().refused.add(RefusalKind::LargeMember);
        log_line!(
            log::Level::Warn,
            "{} \"{}\": the {} of a member has more than {} bytes (Presence::max_info)",
            socket.id(),
            socket.namespace(),
            what,
            self.options.max_info
        );
    }
}

impl fmt::Debug for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Presence").field(&self.options).finish()
    }
}

/// The presence that each route of a namespace declares, by the index of the route.
#[derive(Debug)]
pub(super) struct PresenceOfRoutes(Vec<Option<Presence>>);

impl PresenceOfRoutes {
    /// `None`: no route has presence.
    pub(super) fn source(by_route: Vec<Option<Presence>>) -> Option<Arc<dyn MemberSource>> {
        let is_any = by_route.iter().any(Option::is_some);
        is_any.then(|| Arc::new(Self(by_route)) as _)
    }
}

impl MemberSource for PresenceOfRoutes {
    fn joining(&self, socket: &Socket, matched: &ChannelMatch) -> Option<JoiningMember> {
        // An index comes from the patterns of the same routes.
        let presence = matched.routes.iter().find_map(|route| self.0[*route].as_ref())?;
        Some(JoiningMember { options: presence.options, member: presence.member(socket) })
    }
}
