use crate::model::SocketId;

/// The id of a member, as a function of [`Presence::by`](crate::Presence::by) returns it.
///
/// It is text in the end. Strings, numbers and a [`SocketId`] are ids, and so is an `Option` of
/// one, whose `None` is a guest. Implement it for an id of your own:
///
/// ```
/// use actix_socketio::{MemberId, Presence};
///
/// struct UserId(u64);
///
/// impl MemberId for UserId {
///     fn into_member_id(self) -> Option<String> {
///         self.0.into_member_id()
///     }
/// }
///
/// let presence = Presence::by(|_| UserId(7));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the id of a member",
    note = "return a string, a number, a `SocketId`, or an `Option` of one"
)]
pub trait MemberId {
    /// The id as text. `None`: a guest, who is not a member.
    fn into_member_id(self) -> Option<String>;
}

macro_rules! member_ids {
    ($($id:ty),*) => {$(
        impl MemberId for $id {
            fn into_member_id(self) -> Option<String> {
                Some(self.to_string())
            }
        }
    )*};
}

member_ids!(&str, SocketId, u16, u32, u64, u128, usize, i16, i32, i64, i128);

impl MemberId for String {
    fn into_member_id(self) -> Option<String> {
        Some(self)
    }
}

impl<T: MemberId> MemberId for Option<T> {
    fn into_member_id(self) -> Option<String> {
        self.and_then(T::into_member_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_text_and_guests_have_none() {
        assert_eq!("ann".into_member_id().as_deref(), Some("ann"));
        assert_eq!(Some(7_u64).into_member_id().as_deref(), Some("7"));
        assert_eq!(None::<String>.into_member_id(), None);
    }
}
