//! The names of the prelude, beside those of actix and actix-web.

#[test]
fn no_name_is_in_the_preludes_of_actix_too() {
    // A name that two of them have is an error where it is used.
    #[allow(unused_imports)]
    use actix::prelude::*;
    use actix_socketio::prelude::*;
    #[allow(unused_imports)]
    use actix_web::*;

    fn is_one_type<T>() -> bool {
        !std::any::type_name::<T>().is_empty()
    }
    assert!(is_one_type::<(Auth<u8>, Bytes, Channel, Data<u8>, Many<u8>, Later, Rest<u8>)>());
    assert!(is_one_type::<(Socket, SocketId, SocketIo, Builder, HandlerError, HandlerResult)>());
    assert!(is_one_type::<(OnConnect, OnMessage, OnSubscribe, OnUnsubscribe, OnError)>());
    assert!(is_one_type::<(OnDisconnect, OnFinish, DisconnectReason, MessageError)>());
    assert!(is_one_type::<(Args, Call<'_, OnMessage>, Cors)>());
    struct Admin;
    impl<E: Event> FromEvent<E> for Admin {
        fn from_event(_: &mut Call<'_, E>) -> Result<Self, HandlerError> {
            Ok(Self)
        }
    }
    assert!(is_one_type::<Admin>());
    assert!(is_one_type::<(AckError, BuildError, ChannelError, SubscribeError)>());
    fn is_one_trait<T: ClientEvent>() -> bool {
        is_one_type::<Received<T>>()
    }
    #[derive(serde::Deserialize)]
    struct Leave;
    impl ClientEvent for Leave {
        const NAME: &'static str = "leave";
        type Answer = ();
    }
    assert!(is_one_trait::<Leave>());
    let _ = channel("room-");
}
