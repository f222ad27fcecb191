//! The counters of the Admin UI.

use std::collections::BTreeMap;

use super::{
    counters::{Gauge, labels},
    tally::{Count, Label, Tally},
};

labels! {
    /// How the log-in of an administrator ended.
    LogInOutcome {
        Password = "password",
        /// The session of an earlier log-in.
        Session = "session",
        Wrong = "wrong",
        /// There is no name and password, and no session.
        Unreadable = "unreadable",
        UnknownSession = "unknown_session",
        /// `Admin::only_for` does not take the client.
        Forbidden = "forbidden",
        /// The address has failed too often.
        Throttled = "throttled",
        /// The address has another log-in that is being checked, or the server has too many.
        Busy = "busy",
    }
}

labels! {
    /// A command of an administrator, by the name of the event.
    AdminCommand {
        Emit = "emit",
        Join = "join",
        Leave = "leave",
        Disconnect = "_disconnect",
    }
}

labels! {
    /// How the command of an administrator ended.
    CommandOutcome {
        Done = "done",
        Readonly = "readonly",
        Malformed = "malformed",
        UnknownNamespace = "unknown_namespace",
        /// It would act in the namespace of the administrators.
        AdminNamespace = "admin_namespace",
        Failed = "failed",
    }
}

/// The counters of the Admin UI.
#[derive(Debug, Default)]
pub(crate) struct AdminCounters {
    pub(crate) log_ins: Tally<LogInOutcome>,
    commands: [Tally<CommandOutcome>; AdminCommand::ALL.len()],
    pub(crate) sessions: Gauge,
    /// Sockets that are tapped.
    pub(crate) taps: Gauge,
    /// Events that were not shown: too many waited, or the administrator read slowly.
    pub(crate) events_dropped: Count,
    /// Sockets that were not shown: there were too many.
    pub(crate) sockets_hidden: Count,
}

impl AdminCommand {
    pub(crate) const ALL: [Self; 4] = [Self::Emit, Self::Join, Self::Leave, Self::Disconnect];

    pub(crate) fn as_str(self) -> &'static str {
        self.text()
    }
}

impl AdminCounters {
    pub(crate) fn count_command(&self, command: AdminCommand, outcome: CommandOutcome) {
        self.commands[command.index()].add(outcome);
    }

    /// The number of commands by their name, and then by their outcome.
    pub(super) fn commands(&self) -> BTreeMap<&'static str, BTreeMap<&'static str, u64>> {
        let counts = self.commands.iter().map(Tally::by_label);
        AdminCommand::ALL.into_iter().map(AdminCommand::as_str).zip(counts).collect()
    }
}
