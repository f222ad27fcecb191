//! The conversations, by subject. `script` explains their notation.

mod binary;
mod differences;
mod errors;
mod events;
mod namespaces;
mod old_clients;
mod sessions;

/// What a conversation shows, and its script.
pub(crate) type Conversation = (&'static str, &'static str);

/// The conversations in which both servers send the same.
pub(crate) fn alike() -> impl Iterator<Item = &'static Conversation> {
    [
        namespaces::CONVERSATIONS,
        events::CONVERSATIONS,
        binary::CONVERSATIONS,
        sessions::CONVERSATIONS,
        errors::CONVERSATIONS,
        old_clients::CONVERSATIONS,
    ]
    .into_iter()
    .flatten()
}

/// The conversations in which the servers differ.
pub(crate) fn different() -> impl Iterator<Item = &'static Conversation> {
    differences::CONVERSATIONS.iter()
}
