//! A neighbour that faults must not affect.

use std::{
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use crate::fixture::Fixture;

/// Publishes numbers during the abuse. The bystander must receive each of them in order. Afterwards
/// no other client may be left.
#[track_caller]
pub(crate) fn assert_bystander_undisturbed(fixture: &mut Fixture, abuse: impl FnOnce(&Fixture)) {
    let before = fixture.io.connections();
    let published = thread::scope(|scope| {
        // Dropping this ends the publisher.
        let (abused, is_abused) = channel::<()>();
        let io = fixture.io.clone();
        let publisher = scope.spawn(move || {
            let mut published = 0;
            loop {
                io.to("bystanders").emit("number", &published).expect("the registry has capacity");
                published += 1;
                if is_abused.recv_timeout(Duration::from_millis(1))
                    != Err(RecvTimeoutError::Timeout)
                {
                    return published;
                }
            }
        });
        abuse(fixture);
        drop(abused);
        publisher.join().expect("it publishes")
    });
    for number in 0..published {
        fixture.assert_bystander_receives(&format!(r#"42["number",{number}]"#));
    }
    fixture.wait_for_connections(before);
    fixture.assert_bystander_works();
}
