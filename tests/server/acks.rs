//! Acknowledgements, both ways.

use std::{sync::Arc, time::Duration};

use actix_socketio::{AckError, HandlerResult, OnMessage};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::{
    app::{Record, TestServer, builder, recorder},
    client::{Client, Mode},
};

in_every_mode! {
    an_event_is_acknowledged_once,
    an_event_may_be_acknowledged_later_from_a_task,
    an_event_without_an_id_is_not_acknowledged,
    the_id_of_an_acknowledgement_is_the_clients_own,
    a_handler_may_ask_the_client_whose_event_it_handles,
    answers_find_their_questions,
    a_client_that_does_not_answer_is_a_timeout,
    a_client_that_has_gone_does_not_answer,
    an_unrequested_answer_is_ignored,
    an_answer_of_the_wrong_type_is_an_error,
    an_answer_may_have_several_arguments,
}

async fn an_event_is_acknowledged_once(mode: Mode) {
    async fn answer(event: OnMessage) -> HandlerResult {
        if event.event() == "add" {
            let asked = event.wants_ack();
            event.ack(&json!({"sum": event.arg::<i64>(0)? + event.arg::<i64>(1)?}))?;
            event.ack("again")?;
            assert!(asked && !event.wants_ack());
        }
        Ok(())
    }
    let (record, recorder) = recorder();
    // There are two handlers. The first answer counts.
    let server = TestServer::start(builder().on_error(&recorder).on_message(answer).on_message(
        async |event: OnMessage| {
            event.ack("too late")?;
            Ok(())
        },
    ));
    let mut client = Client::connect(&server.url, mode).await;
    assert_eq!(client.emit_with_ack("add", json!([2, 3])).await, json!([{"sum": 5}]));
    assert_eq!(client.fence().await, [""; 0]);
    assert_eq!(record.lines(), [""; 0]);
}

async fn an_event_may_be_acknowledged_later_from_a_task(mode: Mode) {
    let gate = Arc::new(Semaphore::new(0));
    let later = Arc::clone(&gate);
    let server = TestServer::start(builder().on_message(async move |event: OnMessage| {
        if event.event() == "later" {
            let later = Arc::clone(&later);
            actix_web::rt::spawn(async move {
                later.acquire().await.expect("a gate").forget();
                event.ack("at last").expect("a client");
            });
        }
        Ok(())
    }));
    let mut client = Client::connect(&server.url, mode).await;
    client.send(r#"27["later"]"#).await;
    assert_eq!(client.fence().await, [""; 0], "the handler is done, and has not answered");
    gate.add_permits(1);
    assert_eq!(client.recv().await, r#"37["at last"]"#);
}

async fn an_event_without_an_id_is_not_acknowledged(mode: Mode) {
    let (record, recorder) = recorder();
    let server =
        TestServer::start(builder().on_error(&recorder).on_message(async |event: OnMessage| {
            assert_eq!(event.wants_ack(), event.event() == "asks");
            event.ack("here")?;
            Ok(())
        }));
    let mut client = Client::connect(&server.url, mode).await;
    client.emit("quiet", json!([])).await;
    assert_eq!(client.emit_with_ack("asks", json!([])).await, json!(["here"]));
    assert_eq!(client.fence().await, [""; 0]);
    assert_eq!(record.lines(), [""; 0]);
}

async fn the_id_of_an_acknowledgement_is_the_clients_own(mode: Mode) {
    let server =
        TestServer::start(builder().on_message(async |event: OnMessage| Ok(event.ack(&())?)));
    let mut client = Client::connect(&server.url, mode).await;
    for id in ["0", "7", "4294967296", "18446744073709551615"] {
        client.send(&format!(r#"2{id}["x"]"#)).await;
        assert_eq!(client.recv().await, format!("3{id}[null]"));
    }
    client.send(r#"2007["x"]"#).await;
    assert_eq!(client.recv().await, "37[null]", "it is a number");
}

/// Asks the client within the handler of its own event. Acknowledges with the result.
async fn ask(event: OnMessage) -> HandlerResult {
    if event.event() == "ask" {
        let answer = event.socket.emit_with_ack::<_, u32>("question", "how many?").await;
        let outcome = match answer {
            Ok(number) => format!("{number}"),
            Err(AckError::Reply(error)) => format!("reply: {error}"),
            Err(error) => format!("{error:?}"),
        };
        event.ack(&outcome)?;
    }
    Ok(())
}

/// The id of a question, from its packet.
fn id_of(question: &str) -> String {
    let id = question
        .strip_prefix('2')
        .and_then(|rest| rest.strip_suffix(r#"["question","how many?"]"#));
    id.unwrap_or_else(|| panic!("not a question: {question}")).to_owned()
}

async fn a_handler_may_ask_the_client_whose_event_it_handles(mode: Mode) {
    let server = TestServer::start(builder().on_message(ask));
    let mut client = Client::connect(&server.url, mode).await;
    for number in [17, 18] {
        client.send(r#"21["ask"]"#).await;
        // This one must wait for the one before.
        client.send(r#"22["ask"]"#).await;
        for id in [1, 2] {
            let question = id_of(&client.recv().await);
            client.send(&format!("3{question}[{number}]")).await;
            assert_eq!(client.recv().await, format!(r#"3{id}["{number}"]"#));
        }
    }
    assert_eq!(client.fence().await, [""; 0]);
}

async fn answers_find_their_questions(mode: Mode) {
    let (record, recorder) = recorder();
    let server =
        TestServer::start(builder().on_connect(&recorder).on_message(async |event: OnMessage| {
            event.ack(&event.socket.id())?;
            Ok(())
        }));
    let mut client = Client::connect(&server.url, mode).await;
    let id = client.emit_with_ack("who am i", json!([])).await;
    let socket = server
        .io
        .socket(&id[0].as_str().expect("an id").parse().expect("an id"))
        .expect("it exists");
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let socket = socket.clone();
            actix_web::rt::spawn(async move {
                socket.emit_with_ack::<_, String>("question", "how many?").await
            })
        })
        .collect();
    let mut questions = Vec::new();
    for _ in 0..5 {
        questions.push(id_of(&client.recv().await));
    }
    // In reverse order.
    for question in questions.iter().rev() {
        client.send(&format!(r#"3{question}["answer to {question}"]"#)).await;
        client.send(&format!(r#"3{question}["twice"]"#)).await;
    }
    for (task, question) in waiting.into_iter().zip(&questions) {
        assert_eq!(
            task.await.expect("no panic").expect("an answer"),
            format!("answer to {question}")
        );
    }
    assert_eq!(record.lines(), ["connect"]);
}

async fn a_client_that_does_not_answer_is_a_timeout(mode: Mode) {
    let server =
        TestServer::start(builder().ack_timeout(Duration::from_millis(100)).on_message(ask));
    let mut client = Client::connect(&server.url, mode).await;
    client.send(r#"21["ask"]"#).await;
    let question = id_of(&client.recv().await);
    assert_eq!(client.recv().await, r#"31["Timeout"]"#);
    client.send(&format!("3{question}[17]")).await;
    assert_eq!(client.fence().await, [""; 0], "an answer that is too late is ignored");
}

async fn a_client_that_has_gone_does_not_answer(mode: Mode) {
    async fn ask(record: &Record, event: OnMessage) -> HandlerResult {
        if event.event() == "ask" {
            let answer = event.socket.emit_with_ack::<_, u32>("question", "how many?").await;
            record.add(format!("{answer:?}"));
            let answer = event.socket.emit_with_ack::<_, u32>("question", "still there?").await;
            record.add(format!("{answer:?}"));
        }
        Ok(())
    }
    for leave in ["41", "1"] {
        let (record, recorder) = recorder();
        let answers = record.clone();
        let server = TestServer::start(
            builder()
                .ack_timeout(Duration::from_secs(600))
                .handler_timeout(Duration::from_secs(600))
                .on_message(async move |event: OnMessage| ask(&answers, event).await)
                .on_disconnect(&recorder)
                .on_finish(&recorder),
        );
        let mut client = Client::connect(&server.url, mode).await;
        client.send(r#"21["ask"]"#).await;
        id_of(&client.recv().await);
        client.transport().send_engine(leave).await.expect("a session");
        let lines = record.until("finish").await;
        let reason = if leave == "1" { "transport close" } else { "client namespace disconnect" };
        assert_eq!(
            lines,
            ["Err(Closed)", "Err(Closed)", &format!("disconnect: {reason}"), "finish"]
        );
    }
}

async fn an_unrequested_answer_is_ignored(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(builder().to(&recorder));
    let mut client = Client::connect(&server.url, mode).await;
    for answer in ["30[1]", "3999[]", "399999999999999999999999[null]", "3[1]"] {
        client.send(answer).await;
    }
    assert_eq!(client.fence().await, [""; 0]);
    assert_eq!(record.lines(), ["connect"]);
}

async fn an_answer_of_the_wrong_type_is_an_error(mode: Mode) {
    let server = TestServer::start(builder().on_message(ask));
    let mut client = Client::connect(&server.url, mode).await;
    for (answer, expected) in [("\"seven\"", "invalid type"), ("", "is missing"), ("1,2", "1")] {
        client.send(r#"21["ask"]"#).await;
        let question = id_of(&client.recv().await);
        client.send(&format!("3{question}[{answer}]")).await;
        let outcome = client.recv().await;
        assert!(outcome.contains(expected), "{answer}: {outcome}");
        assert_eq!(outcome.starts_with(r#"31["reply: "#), answer != "1,2", "{outcome}");
    }
}

async fn an_answer_may_have_several_arguments(mode: Mode) {
    let record = Record::new();
    let log = record.clone();
    let server = TestServer::start(builder().on_message(async move |event: OnMessage| {
        if event.event() == "ask me" {
            let args = event.socket.emit_with_ack_args("where?", &()).await?;
            log.add(format!(
                "{} of {}, {}",
                args.get::<String>(0)?,
                args.len(),
                args.get::<u32>(2)?
            ));
        }
        Ok(())
    }));
    let mut client = Client::connect(&server.url, mode).await;
    client.emit("ask me", json!([])).await;
    let question = client.recv().await;
    let (id, _) =
        question.strip_prefix('2').and_then(|rest| rest.split_once('[')).expect("a question");
    client.send(&format!(r#"3{id}["here",null,42]"#)).await;
    record.until("here of 3, 42").await;
}
