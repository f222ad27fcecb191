//! The rules of browsers for `Set-Cookie`. A cookie that they drop would fail without an error.

use std::time::Duration;

type Rule = Result<(), &'static str>;

fn ensure(is_right: bool, expected: &'static str) -> Rule {
    if is_right { Ok(()) } else { Err(expected) }
}

/// The longest name: browsers drop a cookie whose name and value have more than 4,096 bytes. The
/// value is the session's id.
const MAX_NAME: usize = 4_000;

/// The longest path and domain: browsers ignore longer attributes.
const MAX_ATTRIBUTE: usize = 1_024;

pub(super) fn name(name: &str) -> Rule {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    ensure(
        (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(token),
        "it must have a name of ASCII letters, digits and !#$%&'*+-.^_`|~",
    )
}

/// Browsers take their own path in place of one without a slash.
pub(super) fn path(path: &str) -> Rule {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b';';
    ensure(
        path.len() <= MAX_ATTRIBUTE && path.starts_with('/') && path.bytes().all(plain),
        "it must have a path that starts with a slash, of visible ASCII characters without a \
         semicolon",
    )
}

/// Browsers drop a cookie with another domain than that of its host, and a host has no port.
pub(super) fn domain(domain: &str) -> Rule {
    ensure(
        is_host_name(domain.strip_prefix('.').unwrap_or(domain)),
        "it must have a domain that is a host name, without scheme, port and path",
    )
}

/// A cookie of no seconds is deleted at once. Browsers cut long times to 400 days, but some can't
/// read a number of more than 32 bits.
pub(super) fn max_age(age: Duration) -> Rule {
    ensure(
        (1..=i32::MAX as u64).contains(&age.as_secs()),
        "it must have a max_age from 1 s to 2147483647 s",
    )
}

/// The promise of a prefix. Browsers drop a cookie that breaks the promise of its name, in capitals
/// or not.
pub(super) fn prefix(name: &str, secure: bool, http_only: bool, is_of_host_alone: bool) -> Rule {
    let name = name.to_ascii_lowercase();
    let starts_with = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    ensure(
        secure || !starts_with(&["__secure-", "__host-", "__http-"]),
        "it must be `secure` with the prefix of its name",
    )?;
    ensure(
        is_of_host_alone || !starts_with(&["__host-"]),
        "it must have the path \"/\" and no domain with the prefix \"__Host-\"",
    )?;
    ensure(
        http_only || !starts_with(&["__http-", "__host-http-"]),
        "it must be `http_only` with the prefix of its name",
    )
}

/// Whether a name consists of labels between dots. URLs allow underscores, and so does this.
fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        (1..=63).contains(&label.len()) && label.bytes().all(is_plain)
    };
    name.len() <= 253 && name.split('.').all(is_label)
}
