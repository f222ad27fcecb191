//! Servers of one process that an adapter joins to a cluster.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_socketio::{
    Args, Builder, Channel, HandlerResult, Namespace, OnConnect, OnServerEvent, Receipt, SocketId,
    adapter::{
        AckRelay, Adapter, AdapterFuture, Audience, ClientAnswers, FoundSockets, Publication,
        PublishError, ServerAnswers, ServerEvent, UnsealedPacket,
    },
    channel,
};
use serde_json::{Value, json};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::timeout,
};

use crate::{
    app::{Record, TestServer, builder},
    client::{Client, Mode},
    wait::PATIENCE,
};

/// What a server is asked to do with its local adapter.
type Request = Box<dyn FnOnce(Arc<dyn Adapter>) -> AdapterFuture<()> + Send>;

/// The channels to all servers, by number.
#[derive(Clone, Default)]
struct Bus(Arc<Mutex<Vec<mpsc::UnboundedSender<Request>>>>);

impl Bus {
    /// Makes the server one of the cluster.
    fn join(&self, builder: Builder) -> Builder {
        let bus = self.clone();
        builder.adapter(move |local| {
            let (requests, mut incoming) = mpsc::unbounded_channel::<Request>();
            let mut servers = bus.0.lock().expect("no panic");
            let number = servers.len();
            servers.push(requests);
            drop(servers);
            let handed = Arc::clone(&local);
            actix_web::rt::spawn(async move {
                while let Some(request) = incoming.recv().await {
                    // A request takes effect when it is made. Only its answer is waited for.
                    actix_web::rt::spawn(request(Arc::clone(&handed)));
                }
            });
            Arc::new(BusAdapter { bus, number, local })
        })
    }

    /// Asks all servers but one.
    fn ask_others<T: Send + 'static>(
        &self,
        number: usize,
        ask: impl Fn(&dyn Adapter) -> AdapterFuture<T> + Clone + Send + 'static,
    ) -> Vec<oneshot::Receiver<T>> {
        let servers = self.0.lock().expect("no panic");
        let others = servers.iter().enumerate().filter(|(other, _)| *other != number);
        others
            .map(|(_, server)| {
                let ((answer, receiver), ask) = (oneshot::channel(), ask.clone());
                let request: Request = Box::new(move |local| {
                    let answered = ask(&*local);
                    Box::pin(async move {
                        let _ = answer.send(answered.await);
                    })
                });
                let _ = server.send(request);
                receiver
            })
            .collect()
    }
}

/// Passes everything on to the other servers, unless it is local.
struct BusAdapter {
    bus: Bus,
    number: usize,
    local: Arc<dyn Adapter>,
}

impl BusAdapter {
    /// Asks this server and, unless the audience is local, all others.
    fn ask_all<T: Send + 'static>(
        &self,
        audience: &Audience,
        ask: impl Fn(&dyn Adapter) -> AdapterFuture<T> + Clone + Send + 'static,
    ) -> AdapterFuture<Vec<T>> {
        let here = ask(&*self.local);
        let others =
            if audience.local { Vec::new() } else { self.bus.ask_others(self.number, ask) };
        Box::pin(async move {
            let mut answers = vec![here.await];
            for other in others {
                answers.extend(other.await.ok());
            }
            answers
        })
    }
}

impl Adapter for BusAdapter {
    fn encode(
        &self,
        namespace: &Namespace,
        event: &str,
        args: &Args,
        compress: bool,
    ) -> UnsealedPacket {
        self.local.encode(namespace, event, args, compress)
    }

    fn publish(&self, publication: Publication) -> Result<(), PublishError> {
        if !publication.audience.local {
            // As over a wire: the other servers encode it again.
            let Publication { audience, packet, volatile, .. } = publication.clone();
            let args = packet.args_json().to_owned();
            let attachments = packet.attachments().to_vec();
            let compress = packet.is_compressible();
            drop(self.bus.ask_others(self.number, move |local| {
                let mut event: Vec<Value> = serde_json::from_str(&args).expect("a JSON array");
                let name = event.remove(0);
                let args = Args::parse(Value::from(event).to_string().into(), 100)
                    .and_then(|args| args.attach(attachments.clone()))
                    .expect("arguments");
                let name = name.as_str().expect("a name");
                let packet = local.encode(&audience.namespace, name, &args, compress);
                let mut publication = Publication::new(audience.clone(), packet);
                publication.volatile = volatile;
                local.publish(publication).expect("there is capacity");
                Box::pin(async {})
            }));
        }
        self.local.publish(publication)
    }

    fn publish_and_count(
        &self,
        publication: Publication,
    ) -> AdapterFuture<Result<Receipt, PublishError>> {
        let audience = publication.audience.clone();
        let all = self.ask_all(&audience, move |one| one.publish_and_count(publication.clone()));
        Box::pin(async move {
            let mut all = all.await.into_iter();
            let mut receipt = all.next().expect("this server is one of them")?;
            for one in all {
                receipt.delivered += one?.delivered;
            }
            Ok(receipt)
        })
    }

    fn publish_with_acks(
        &self,
        publication: Publication,
        limit: Duration,
    ) -> AdapterFuture<Result<ClientAnswers, PublishError>> {
        let audience = publication.audience.clone();
        let answers =
            self.ask_all(&audience, move |one| one.publish_with_acks(publication.clone(), limit));
        Box::pin(async move {
            let mut all = ClientAnswers::default();
            for one in answers.await {
                let one = one?;
                all.answers.extend(one.answers);
                all.missing.extend(one.missing);
            }
            Ok(all)
        })
    }

    fn publish_and_relay_acks(
        &self,
        publication: Publication,
        timeout: Duration,
        relay: AckRelay,
    ) -> AdapterFuture<Result<(), PublishError>> {
        self.local.publish_and_relay_acks(publication, timeout, relay)
    }

    fn fetch(&self, audience: Audience) -> AdapterFuture<FoundSockets> {
        let found = self.ask_all(&audience.clone(), move |one| one.fetch(audience.clone()));
        Box::pin(async move {
            let found = found.await.into_iter().flat_map(|one| one.sockets);
            FoundSockets::new(found.collect())
        })
    }

    fn join(&self, audience: Audience, channel: Channel) -> AdapterFuture<()> {
        let ask = {
            let audience = audience.clone();
            move |one: &dyn Adapter| one.join(audience.clone(), channel.clone())
        };
        let done = self.ask_all(&audience, ask);
        Box::pin(async move { drop(done.await) })
    }

    fn leave(&self, audience: Audience, channel: Channel) -> AdapterFuture<()> {
        let ask = {
            let audience = audience.clone();
            move |one: &dyn Adapter| one.leave(audience.clone(), channel.clone())
        };
        let done = self.ask_all(&audience, ask);
        Box::pin(async move { drop(done.await) })
    }

    fn disconnect(&self, audience: Audience, close: bool) -> AdapterFuture<()> {
        let done =
            self.ask_all(&audience.clone(), move |one| one.disconnect(audience.clone(), close));
        Box::pin(async move { drop(done.await) })
    }

    fn server_side_emit(&self, event: ServerEvent) -> Result<(), PublishError> {
        let ask = move |one: &dyn Adapter| one.handle_server_event(event.clone());
        drop(self.bus.ask_others(self.number, ask));
        Ok(())
    }

    fn server_side_emit_with_acks(
        &self,
        event: ServerEvent,
        limit: Duration,
    ) -> AdapterFuture<Result<ServerAnswers, PublishError>> {
        let ask = move |one: &dyn Adapter| one.handle_server_event(event.clone());
        let others = self.bus.ask_others(self.number, ask);
        Box::pin(async move {
            let mut all = ServerAnswers::default();
            for other in others {
                match timeout(limit, other).await {
                    Ok(Ok(Some(args))) => all.answers.push(args),
                    _ => all.missing += 1,
                }
            }
            Ok(all)
        })
    }

    fn handle_server_event(&self, event: ServerEvent) -> AdapterFuture<Option<Args>> {
        self.local.handle_server_event(event)
    }

    fn server_count(&self, _: &Namespace) -> AdapterFuture<usize> {
        let count = self.bus.0.lock().expect("no panic").len();
        Box::pin(async move { count })
    }
}

/// The name and the data of a client go into its context.
async fn note_name(event: OnConnect) -> HandlerResult {
    let auth: Value = event.socket.handshake().auth()?;
    event.socket.context().insert("name", &auth["name"])?;
    Ok(())
}

fn server(bus: &Bus) -> TestServer {
    TestServer::start(bus.join(builder().on_connect(note_name).route(channel("^room-"))))
}

/// A client that is in a room, and its id.
async fn client(server: &TestServer, mode: Mode, name: &str, room: &str) -> (Client, SocketId) {
    let connect = format!("0{}", json!({"name": name}));
    let mut client = Client::ask(&server.url, mode, "", &[], &connect).await;
    let answer: Value = serde_json::from_str(&client.recv().await[1..]).expect("an answer");
    let id = answer["sid"].as_str().expect("a sid").parse().expect("an id");
    client.subscribe(room).await;
    (client, id)
}

/// Waits until both servers have published to their clients what they were asked to before.
async fn settle(servers: [&TestServer; 2]) {
    for server in servers {
        server.io.to("nothing").publish("fence", &()).await.expect("it runs");
    }
}

in_every_mode! {
    broadcasts_reach_the_clients_of_all_servers,
    acknowledgements_of_all_servers_are_collected,
    sockets_of_all_servers_are_fetched_and_acted_upon,
}

async fn broadcasts_reach_the_clients_of_all_servers(mode: Mode) {
    let bus = Bus::default();
    let [one, two] = [server(&bus), server(&bus)];
    let (mut a, a_id) = client(&one, mode, "a", "room-1").await;
    let (mut b, b_id) = client(&two, mode, "b", "room-1").await;
    let (mut c, _) = client(&two, mode, "c", "room-2").await;
    one.io.broadcast("all").expect("sent");
    one.io.to("room-1").emit("message", "room-1").expect("sent");
    one.io.except("room-2").emit("message", "except room-2").expect("sent");
    one.io.everyone().except_socket(b_id).emit("message", "except b").expect("sent");
    two.io.everyone().local().emit("message", "local").expect("sent");
    one.io.to("room-2").local().emit("message", "of nobody").expect("sent");
    two.io.socket(&b_id).expect("b").to("room-1").emit("message", "b to a").expect("sent");
    settle([&one, &two]).await;
    assert_eq!(a.messages().await, ["all", "room-1", "except room-2", "except b", "b to a"]);
    let mut of_b = b.messages().await;
    of_b.sort_by_key(|message| message == "local");
    assert_eq!(of_b, ["all", "room-1", "except room-2", "local"]);
    let mut of_c = c.messages().await;
    of_c.sort_by_key(|message| message == "local");
    assert_eq!(of_c, ["all", "except b", "local"]);
    let receipt = one.io.to("room-1").publish("message", "counted").await.expect("published");
    assert_eq!(receipt.delivered, 2);
    let receipt = one.io.to("room-1").local().publish("message", "x").await.expect("published");
    assert_eq!(receipt.delivered, 1);
    assert!(one.io.socket(&a_id).is_some() && one.io.socket(&b_id).is_none());
}

#[actix_web::test]
async fn a_volatile_broadcast_reaches_the_clients_of_all_servers() {
    let bus = Bus::default();
    let [one, two] = [server(&bus), server(&bus)];
    let (mut b, _) = client(&two, Mode::WebSocket, "b", "room-1").await;
    // A volatile message is dropped while the transport is busy.
    let received = async {
        let mut sent = 0;
        loop {
            one.io.to("room-1").volatile().emit("message", "now").expect("sent");
            sent += 1;
            tokio::time::sleep(Duration::from_millis(2)).await;
            let messages = b.messages().await;
            if !messages.is_empty() {
                assert!(messages.len() <= sent && messages.iter().all(|one| one == "now"));
                return;
            }
        }
    };
    timeout(PATIENCE, received).await.expect("one of them arrives");
}

async fn acknowledgements_of_all_servers_are_collected(mode: Mode) {
    let bus = Bus::default();
    let [one, two] = [server(&bus), server(&bus)];
    let (mut a, a_id) = client(&one, mode, "a", "room-1").await;
    let (mut b, b_id) = client(&two, mode, "b", "room-1").await;
    let (mut c, c_id) = client(&two, mode, "c", "room-1").await;
    // On a busy machine, the clients that answer may be late as well. They then have twice the time.
    let mut limit = Duration::from_millis(250);
    let acks = loop {
        let target = one.io.to("room-1").timeout(limit);
        let question = target.emit_with_ack::<_, String>("question", "who?");
        let answers = async {
            for (client, name) in [(&mut a, "a"), (&mut b, "b")] {
                let packet = client.wait_for(|packet| packet.contains("question")).await;
                let id: String = packet[1..].chars().take_while(char::is_ascii_digit).collect();
                client.send(&format!(r#"3{id}["{name}"]"#)).await;
            }
            c.wait_for(|packet| packet.contains("question")).await;
        };
        let (acks, ()) = tokio::join!(question, answers);
        let acks = acks.expect("published");
        if acks.missing.len() == 1 || limit > PATIENCE {
            break acks;
        }
        limit *= 2;
    };
    let mut answers: Vec<_> =
        acks.answers.into_iter().map(|(id, answer)| (id, answer.expect("a string"))).collect();
    answers.sort_by_key(|(_, name)| name.clone());
    assert_eq!(answers, [(a_id, "a".to_owned()), (b_id, "b".to_owned())]);
    assert_eq!(acks.missing, [c_id]);
}

async fn sockets_of_all_servers_are_fetched_and_acted_upon(mode: Mode) {
    let bus = Bus::default();
    let [one, two] = [server(&bus), server(&bus)];
    let (mut a, a_id) = client(&one, mode, "a", "room-1").await;
    let (mut b, b_id) = client(&two, mode, "b", "room-1").await;
    let mut sockets = one.io.to("room-1").fetch_sockets().await.expect("a name");
    sockets.sort_by_key(|socket| socket.id() != a_id);
    let [of_a, of_b] = &sockets[..] else { panic!("{sockets:?}") };
    assert_eq!((of_a.id(), of_b.id()), (a_id, b_id));
    assert_eq!(of_b.data()["name"], "b");
    assert_eq!(of_b.handshake().auth::<Value>().expect("JSON"), json!({"name": "b"}));
    assert_eq!(of_b.channels(), ["room-1"]);
    let shown = format!("{of_b:?}");
    let expected = format!(
        "RemoteSocket {{ id: {b_id:?}, namespace: {:?}, channels: {:?}, .. }}",
        of_b.namespace(),
        of_b.channels()
    );
    assert_eq!(shown, expected, "the handshake and the data may hold secrets");
    let local = one.io.to("room-1").local().fetch_sockets().await.expect("a name");
    assert_eq!(local.iter().map(actix_socketio::RemoteSocket::id).collect::<Vec<_>>(), [a_id]);

    of_b.emit("message", "only b").expect("sent");
    settle([&one, &two]).await;
    assert_eq!(b.messages().await, ["only b"]);
    assert_eq!(a.messages().await, [] as [Value; 0]);

    let channels = |server: &TestServer, id| server.io.socket(&id).expect("a socket").channels();
    one.io.to("room-1").sockets_join("room-2").await.expect("a name");
    assert_eq!(channels(&one, a_id), ["room-1", "room-2"]);
    assert_eq!(channels(&two, b_id), ["room-1", "room-2"]);
    one.io.everyone().sockets_leave("room-1").await.expect("a name");
    assert_eq!([channels(&one, a_id), channels(&two, b_id)].concat(), ["room-2", "room-2"]);
    of_b.join("room-3").await.expect("a name");
    of_b.leave("room-2").await.expect("a name");
    assert_eq!(channels(&two, b_id), ["room-3"]);
    assert!(of_b.join("").await.is_err());

    of_b.disconnect(false).await;
    assert_eq!(b.recv().await, "1");
    two.io.everyone().disconnect_sockets(true).await.expect("no channel is named");
    a.closed().await;
    one.wait_until_empty().await;
}

#[actix_web::test]
async fn a_server_side_event_goes_to_all_other_servers() {
    let bus = Bus::default();
    let record = Record::new();
    let servers: Vec<_> = (0..3)
        .map(|number| {
            let admin = record_admin(&record, number);
            let record = record.clone();
            let handle = async move |event: OnServerEvent| {
                let data: String = event.json()?;
                record.add(format!("{number} {} {data}", event.event()));
                if event.event() == "ask" && number != 2 {
                    event.ack(&number)?;
                    event.ack("the first one counts")?;
                }
                Ok(())
            };
            TestServer::start(
                bus.join(
                    builder()
                        .on_server_event(handle)
                        .namespace("/admin", |builder| builder.on_server_event(admin)),
                ),
            )
        })
        .collect();
    let io = &servers[0].io;
    assert_eq!(io.server_count().await, 3);
    io.server_side_emit("tell", "x").expect("sent");
    let lines = record.until("1 tell x").await;
    assert!(lines.iter().all(|line| !line.starts_with('0')), "the sender does not receive it");
    record.until("2 tell x").await;
    io.of("/admin").server_side_emit("tell", "y").expect("sent");
    record.until("1 /admin y").await;
    record.until("2 /admin y").await;
    // Two of the three would answer, and one of these is the sender.
    let acks = io.server_side_emit_with_ack::<_, usize>("ask", "z").await.expect("sent");
    let answers: Vec<_> =
        acks.answers.into_iter().map(|answer| answer.expect("a number")).collect();
    assert_eq!((answers, acks.missing), (vec![1], 1));
    assert!(io.server_side_emit("connection", &()).is_err(), "it is reserved");
}

/// A handler of the namespace `/admin`.
fn record_admin(
    record: &Record,
    number: usize,
) -> impl AsyncFn(OnServerEvent) -> HandlerResult + Send + Sync + 'static {
    let record = record.clone();
    async move |event: OnServerEvent| {
        let data: String = event.json()?;
        record.add(format!("{number} {} {data}", event.namespace));
        Ok(())
    }
}

#[actix_web::test]
async fn one_server_is_a_cluster_of_one() {
    let record = Record::new();
    let log = record.clone();
    let server = TestServer::start(builder().on_server_event(async move |event: OnServerEvent| {
        log.add(event.event());
        Ok(())
    }));
    assert_eq!(server.io.server_count().await, 1);
    server.io.server_side_emit("tell", "x").expect("sent");
    let acks = server.io.server_side_emit_with_ack::<_, u32>("ask", &()).await.expect("sent");
    assert_eq!((acks.answers.len(), acks.missing), (0, 0));
    assert_eq!(record.lines(), [""; 0]);
}

/// A server whose handler of server events takes a permit before it records and answers.
fn gated_server(bus: &Bus, record: &Record, gate: &Arc<Semaphore>) -> TestServer {
    let (record, gate) = (record.clone(), Arc::clone(gate));
    let handle = async move |event: OnServerEvent| {
        let data: String = event.json()?;
        record.add(format!("begin {data}"));
        gate.acquire().await?.forget();
        record.add(format!("end {data}"));
        event.ack(&data)?;
        Ok(())
    };
    TestServer::start(bus.join(builder().max_server_events(2).on_server_event(handle)))
}

#[actix_web::test]
async fn server_events_are_handled_one_after_the_other() {
    let (bus, record) = (Bus::default(), Record::new());
    let one = TestServer::start(bus.join(builder()));
    let log = record.clone();
    let handle = async move |event: OnServerEvent| {
        let number: u64 = event.json()?;
        log.add(format!("begin {number}"));
        // Without the queue, events that wait for a shorter time overtake the others.
        tokio::time::sleep(Duration::from_millis(2 - number % 3)).await;
        log.add(format!("end {number}"));
        if number.is_multiple_of(10) { Err(io::Error::other("a tenth").into()) } else { Ok(()) }
    };
    let two = TestServer::start(bus.join(builder().on_server_event(handle)));
    for number in 0..100 {
        one.io.server_side_emit("tell", &number).expect("sent");
    }
    let lines = record.until("end 99").await;
    let expected = (0..100).flat_map(|number| ["begin", "end"].map(|at| format!("{at} {number}")));
    assert_eq!(lines, expected.collect::<Vec<_>>());
    assert_eq!(two.io.stats().handler_failures["error"], 10);
    assert_eq!(two.io.stats().refusals["max_server_events"], 0);
}

#[actix_web::test]
async fn a_full_queue_of_server_events_refuses_more_and_goes_on() {
    let (bus, record, gate) = (Bus::default(), Record::new(), Arc::new(Semaphore::new(0)));
    let one = TestServer::start(bus.join(builder()));
    let two = gated_server(&bus, &record, &gate);
    let emit = |data: &str| one.io.server_side_emit("tell", data).expect("sent");
    emit("a");
    record.until("begin a").await;
    for data in ["b", "c", "refused", "refused"] {
        emit(data);
    }
    // The server refuses without waiting for a handler.
    let acks = one.io.server_side_emit_with_ack::<_, String>("ask", "refused").await.expect("sent");
    assert_eq!((acks.answers.len(), acks.missing), (0, 1));
    assert_eq!(two.io.stats().refusals["max_server_events"], 3);

    gate.add_permits(3);
    record.until("end c").await;
    gate.add_permits(2);
    emit("d");
    let acks = one.io.server_side_emit_with_ack::<_, String>("ask", "e").await.expect("sent");
    let answers: Vec<_> = acks.answers.into_iter().map(|one| one.expect("a string")).collect();
    assert_eq!((answers, acks.missing), (vec!["e".to_owned()], 0));
    let handled = ["a", "b", "c", "d", "e"];
    let expected = handled.iter().flat_map(|data| [format!("begin {data}"), format!("end {data}")]);
    assert_eq!(record.lines(), expected.collect::<Vec<_>>());
    assert_eq!(two.io.stats().refusals["max_server_events"], 3);
}

#[actix_web::test]
async fn an_event_with_acknowledgement_waits_for_those_before_it() {
    let (bus, record, gate) = (Bus::default(), Record::new(), Arc::new(Semaphore::new(0)));
    let one = TestServer::start(bus.join(builder()));
    let _two = gated_server(&bus, &record, &gate);
    one.io.server_side_emit("tell", "a").expect("sent");
    let answer = one.io.server_side_emit_with_ack::<_, String>("ask", "b");
    let open = async {
        record.until("begin a").await;
        gate.add_permits(2);
    };
    let (acks, ()) = tokio::join!(answer, open);
    let acks = acks.expect("sent");
    let answers: Vec<_> = acks.answers.into_iter().map(|one| one.expect("a string")).collect();
    assert_eq!((answers, acks.missing), (vec!["b".to_owned()], 0));
    assert_eq!(record.lines(), ["begin a", "end a", "begin b", "end b"]);
}
