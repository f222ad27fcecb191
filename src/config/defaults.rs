//! The defaults of the settings table, as values and as text.

/// The value of a default, from its kind and its text in the table.
macro_rules! default_value {
    (Switch $on:literal) => {
        $on
    };
    (Text $text:literal) => {
        $text.to_owned()
    };
    (Transports polling, websocket) => {
        vec![Transport::Polling, Transport::WebSocket]
    };
    (Time $seconds:literal s) => {
        Duration::from_secs($seconds)
    };
    (Size $bytes:literal B) => {
        $bytes
    };
    (Size $amount:literal KiB) => {
        $amount << 10
    };
    (Size $amount:literal MiB) => {
        $amount << 20
    };
    (Size $amount:literal MB) => {
        $amount * 1_000_000
    };
    (Amount $count:literal) => {
        $count
    };
    (Limit unlimited) => {
        usize::MAX
    };
    (SizeLimit unlimited) => {
        usize::MAX
    };
    (RateLimit unlimited) => {
        None
    };
    (ByteRateLimit unlimited) => {
        None
    };
}

/// The text of a default, as a literal, so that docs can contain it.
macro_rules! default_text {
    (Transports polling, websocket) => {
        "polling, websocket"
    };
    ($kind:ident unlimited) => {
        "unlimited"
    };
    ($kind:ident $amount:literal $unit:ident) => {
        concat!($amount, " ", stringify!($unit))
    };
    ($kind:ident $value:literal) => {
        concat!($value)
    };
}

pub(crate) use default_text;
pub(super) use default_value;
