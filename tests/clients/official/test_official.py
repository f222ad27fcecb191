"""What the official Python client, python-socketio, does with our server, the same in each mode.

    SERVER_URL=http://127.0.0.1:9000 tests/clients/.venv/bin/python tests/clients/official/test_official.py

The server is tests/common/app.rs; its comment is the list of what it does. The JavaScript client's half of this is
suite.mjs, which goes further where that client can: python-socketio, for one, upgrades within `connect()`, so that
nothing can be said meanwhile.
"""

import asyncio
import contextlib
import os
import sys
import unittest
import urllib.parse
import uuid

import aiohttp
import engineio.payload
import socketio

SERVER_URL = os.environ.get("SERVER_URL")
if not SERVER_URL:
    sys.exit("SERVER_URL must name a running server, as http://127.0.0.1:9000 (see tests/official_clients.rs)")

# No wait in these tests is longer than this; it is a verdict, not a pause.
DEADLINE = 20

# python-engineio takes an answer to a poll with more than 16 packets for an attack and hangs up, whatever the server.
# Whoever expects more than a trickle over polling raises this, as is done here.
PACKETS_IN_A_POLL = 100_000

STRANGE = 'Größe π 🏆 𝄞 \u0000\u001e\u2028\u2029 "\\" 日本語 e\u0301 \u202ertl'
TOKEN = {"token": "let me in"}


def unique(prefix):
    """A name nobody else uses: all tests share one server."""
    return f"{prefix}-{uuid.uuid4()}"


class Client:
    """One official client which keeps what it hears, in order."""

    def __init__(self, namespaces=("/",)):
        # A session of our own: python-engineio leaves its own unclosed when the server ends a polling session.
        self.http = aiohttp.ClientSession()
        self.sio = socketio.AsyncClient(
            http_session=self.http,
            reconnection_delay=0.01,
            reconnection_delay_max=0.05,
            randomization_factor=0,
        )
        self.namespaces = list(namespaces)
        self.heard = []
        self._changed = asyncio.Event()
        for namespace in self.namespaces:
            for own in ("connect", "connect_error", "disconnect"):
                self.sio.on(own, self._own(own, namespace), namespace=namespace)
            self.sio.on("*", self._any(namespace), namespace=namespace)

    def _own(self, event, namespace):
        return lambda *args: self._hear(namespace, "@" + event, args)

    def _any(self, namespace):
        return lambda event, *args: self._hear(namespace, event, args)

    def _hear(self, namespace, event, args):
        self.heard.append((namespace, event, args))
        self._changed.set()

    async def connect(self, transports, url=SERVER_URL, **options):
        await self.sio.connect(
            url, transports=transports, namespaces=self.namespaces, wait_timeout=DEADLINE, **options
        )

    def id(self, namespace="/"):
        return self.sio.get_sid(namespace)

    def all(self, event, namespace="/"):
        """All that was heard of an event: the first argument of each."""
        return [args[0] if args else None for ns, name, args in self.heard if (ns, name) == (namespace, event)]

    async def until(self, look, what):
        """The value of `look()`, as soon as it is neither None nor False."""

        async def loop():
            while (value := look()) is None or value is False:
                self._changed.clear()
                await self._changed.wait()
            return value

        try:
            return await asyncio.wait_for(loop(), DEADLINE)
        except asyncio.TimeoutError:
            raise AssertionError(f"waited {DEADLINE} s in vain for {what}; heard {self.heard[-5:]}") from None

    async def next(self, event, fits=lambda data: True, namespace="/"):
        """The first `event` whose first argument fits: already heard, or to come."""

        def look():
            found = [(data,) for data in self.all(event, namespace) if fits(data)]
            return found[0] if found else None

        return (await self.until(look, f'the event "{event}"'))[0]

    async def first(self, count, event, namespace="/"):
        await self.until(lambda: len(self.all(event, namespace)) >= count, f'{count} events "{event}"')
        return self.all(event, namespace)[:count]

    async def emit(self, event, *args, namespace="/"):
        await self.sio.emit(event, args, namespace=namespace)

    async def ask(self, event, *args, namespace="/"):
        """Emits, and returns the acknowledgement."""
        return await self.sio.call(event, args, namespace=namespace, timeout=DEADLINE)

    async def whoami(self, namespace="/"):
        return await self.ask("whoami", namespace=namespace)

    def copies(self, mark, namespace="/"):
        """How many copies came of the message which bears this mark."""
        return sum(isinstance(data, dict) and data.get("mark") == mark for data in self.all("message", namespace))


class Conformance:
    """The tests; each subclass is one mode."""

    transports = None
    ends = None

    async def asyncSetUp(self):
        self.clients = []
        # unittest puts asyncio into its debug mode, whose notes on slow steps are no findings here
        asyncio.get_running_loop().slow_callback_duration = DEADLINE
        limit = engineio.payload.Payload.max_decode_packets
        engineio.payload.Payload.max_decode_packets = PACKETS_IN_A_POLL
        self.addCleanup(setattr, engineio.payload.Payload, "max_decode_packets", limit)

    async def asyncTearDown(self):
        for client in self.clients:
            await asyncio.wait_for(client.sio.shutdown(), DEADLINE)
            await client.http.close()

    async def connect(self, namespaces=("/",), **options):
        client = Client(namespaces)
        self.clients.append(client)
        await client.connect(self.transports, **options)
        self.assertEqual(client.sio.transport(), self.ends)
        return client

    async def crowd(self, count):
        return [await self.connect() for _ in range(count)]

    async def subscribe(self, client, *channels, namespace="/"):
        for channel in channels:
            self.assertIsNone(await client.ask("subscribe", channel, namespace=namespace), channel)

    async def fence(self, sender, clients, namespace="/"):
        """A message to everybody, which all of `clients` wait for.

        The server sends it through the same queue as any other publication, so what was published before has arrived,
        or never will.
        """
        mark = unique("fence")
        await sender.emit("fence", mark, namespace=namespace)
        for client in clients:
            await client.next("fence", lambda seen: seen == mark, namespace)

    async def copies(self, sender, clients, verb, **more):
        """Does one of the server's sending verbs, and tells how many copies each of `clients` got."""
        mark = unique("mark")
        self.assertIsNone(await sender.ask("verb", {"verb": verb, **more, "data": {"mark": mark}}))
        await self.fence(sender, clients)
        return [client.copies(mark) for client in clients]

    # ── connecting ───────────────────────────────────────────────────────────────────────────────────────────────

    async def test_connects(self):
        client = await self.connect()
        welcome = await client.next("welcome")

        self.assertEqual(welcome["id"], client.id())
        self.assertEqual(len(client.id()), 20)
        self.assertNotEqual(client.id(), client.sio.eio.sid, "the session's id is a secret")
        self.assertEqual(client.all("@connect_error"), [])

    async def test_hands_over_auth_query_and_headers(self):
        auth = {"name": STRANGE, "nested": {"list": [1, 2.5, None, True], "empty": {}}}
        url = SERVER_URL + "?" + urllib.parse.urlencode({"who": "Ada & Bo"})
        client = await self.connect(url=url, auth=auth, headers={"x-who": "a header"})
        me = await client.whoami()

        self.assertEqual(me["auth"], auth)
        self.assertEqual((await client.next("welcome"))["auth"], auth)
        self.assertEqual(me["query"], "Ada & Bo")
        self.assertEqual(me["header"], "a header")
        self.assertEqual(me["namespace"], "/")

    async def test_is_refused_with_message_and_data(self):
        client = Client()
        self.clients.append(client)
        with self.assertRaises(socketio.exceptions.ConnectionError):
            await client.connect(self.transports, auth={"refuse": STRANGE})

        error = {"message": f"not today, {STRANGE}", "data": {"why": "asked for", "code": 4001}}
        self.assertEqual(client.all("@connect_error"), [error])
        self.assertFalse(client.sio.connected)
        self.assertEqual(client.all("welcome"), [], "what a handler sent before it refused is dropped")

    async def test_is_refused_in_an_unknown_namespace(self):
        client = Client(["/nowhere"])
        self.clients.append(client)
        with self.assertRaises(socketio.exceptions.ConnectionError):
            await client.connect(self.transports)
        self.assertEqual(client.all("@connect_error", "/nowhere"), [{"message": "Invalid namespace"}])

    # ── channels ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def test_subscribes_and_unsubscribes(self):
        a, b = await self.crowd(2)
        room, other = unique("room"), unique("room")

        self.assertEqual(await self.copies(b, [a, b], "broadcast_channel", channel=room), [0, 0])
        await self.subscribe(a, room, other, room)
        self.assertEqual((await a.whoami())["channels"], sorted([room, other]))
        self.assertEqual(await self.copies(b, [a, b], "broadcast_channel", channel=room), [1, 0])

        self.assertIsNone(await a.ask("unsubscribe", room))
        self.assertEqual(await self.copies(b, [a, b], "broadcast_channel", channel=room), [0, 0])
        self.assertEqual(await self.copies(b, [a, b], "broadcast_channel", channel=other), [1, 0])
        self.assertEqual((await a.whoami())["channels"], [other])

    async def test_subscribes_without_asking_for_an_answer(self):
        client = await self.connect()
        room = unique("room")
        await client.emit("subscribe", room)
        self.assertEqual((await client.whoami())["channels"], [room])

    async def test_is_refused_a_channel_by_the_handler(self):
        a, b = await self.crowd(2)
        room = unique("room-vip")
        error = {"message": "members only", "data": {"channel": room, "level": 3}}

        self.assertEqual(await a.ask("subscribe", room), error)
        self.assertEqual((await a.whoami())["channels"], [])
        self.assertEqual(await self.copies(b, [a], "broadcast_channel", channel=room), [0])

    async def test_is_refused_an_undeclared_channel(self):
        a, b = await self.crowd(2)
        channel = unique("undeclared")
        self.assertEqual(await a.ask("subscribe", channel), {"message": "no such channel"})
        self.assertEqual(await self.copies(b, [a], "broadcast_channel", channel=channel), [0])
        self.assertTrue(a.sio.connected)

    # ── publishing ───────────────────────────────────────────────────────────────────────────────────────────────

    async def test_publishes_to_the_others_in_the_channel(self):
        a, b, c, d = clients = await self.crowd(4)
        channel = unique("open")
        for one in (a, b, c):
            await self.subscribe(one, channel)

        mark = unique("mark")
        self.assertIsNone(await a.ask("publish", channel, {"mark": mark, "text": STRANGE}))
        self.assertIsNone(await a.ask("publish", channel, "goal 🏆", {"minute": 90}))
        await self.fence(a, clients)
        self.assertEqual([one.copies(mark) for one in clients], [0, 1, 1, 0])
        self.assertEqual(b.all("message")[-1], {"mark": mark, "text": STRANGE})
        self.assertEqual([one.all("goal 🏆") for one in clients], [[], [{"minute": 90}], [{"minute": 90}], []])

    async def test_may_not_publish_everywhere(self):
        a, b = await self.crowd(2)
        room, channel, foreign = unique("room"), unique("open"), unique("open")
        for one in (a, b):
            await self.subscribe(one, room, channel)
        await self.subscribe(b, foreign)

        mark = unique("mark")
        self.assertRegex((await a.ask("publish", room, {"mark": mark}))["message"], "(?i)publish")
        self.assertRegex((await a.ask("publish", foreign, {"mark": mark}))["message"], "(?i)subscribe")
        self.assertEqual(
            await a.ask("publish", channel, {"mark": mark, "forbidden": "blast"}),
            {"message": "mind your language", "data": {"word": "blast"}},
        )
        await self.fence(a, [a, b])
        self.assertEqual([one.copies(mark) for one in (a, b)], [0, 0])

        self.assertIsNone(await a.ask("publish", channel, {"mark": mark}))
        await self.fence(a, [a, b])
        self.assertEqual([one.copies(mark) for one in (a, b)], [0, 1])

    # ── the sending verbs ────────────────────────────────────────────────────────────────────────────────────────

    async def test_each_sending_verb_reaches_exactly_whom_it_says(self):
        a, b, c, d, e = clients = await self.crowd(5)
        x, y = unique("room"), unique("room")
        await self.subscribe(a, x, y)
        await self.subscribe(b, x)
        await self.subscribe(c, x, y)
        await self.subscribe(d, y)

        for verb, sender, more, expected in (
            #                                                            a  b  c  d  e
            ("send", a, {}, [1, 0, 0, 0, 0]),
            ("broadcast", a, {}, [0, 1, 1, 1, 1]),
            ("send_and_broadcast", a, {}, [1, 1, 1, 1, 1]),
            ("broadcast_channel", a, {"channel": x}, [0, 1, 1, 0, 0]),
            ("broadcast_channel", e, {"channel": x}, [1, 1, 1, 0, 0]),
            ("send_and_broadcast_channel", a, {"channel": x}, [1, 1, 1, 0, 0]),
            ("send_and_broadcast_channel", e, {"channel": x}, [1, 1, 1, 0, 1]),
            ("broadcast_channels", a, {}, [0, 1, 1, 1, 0]),
            ("broadcast_channels", e, {}, [0, 0, 0, 0, 0]),
            ("to_except", a, {"channels": [y], "except": x}, [0, 0, 0, 1, 0]),
            ("io_broadcast", a, {}, [1, 1, 1, 1, 1]),
            ("io_broadcast_channel", e, {"channel": y}, [1, 0, 1, 1, 0]),
            ("io_send", a, {"id": b.id()}, [0, 1, 0, 0, 0]),
            ("io_except", a, {"except": x}, [0, 0, 0, 1, 1]),
        ):
            with self.subTest(verb=verb, more=more):
                self.assertEqual(await self.copies(sender, clients, verb, **more), expected)

    async def test_a_channel_has_one_order_for_all(self):
        clients = await self.crowd(3)
        room = unique("room")
        for client in clients:
            await self.subscribe(client, room)
        for n in range(100):
            for i, client in enumerate(clients):
                data = {"room": room, "from": i, "n": n}
                await client.emit("verb", {"verb": "send_and_broadcast_channel", "channel": room, "data": data})

        def heard(client):
            return [data for data in client.all("message") if data.get("room") == room]

        for client in clients:
            await client.until(lambda: len(heard(client)) >= 300, "all that was sent to the channel")
        await self.fence(clients[0], clients)
        order, *others = [heard(client) for client in clients]
        self.assertEqual(len(order), 300)
        for other in others:
            self.assertEqual(other, order)
        for i in range(3):
            self.assertEqual([data["n"] for data in order if data["from"] == i], list(range(100)))

    # ── messages and acknowledgements ────────────────────────────────────────────────────────────────────────────

    async def test_a_message_is_answered_with_one(self):
        client = await self.connect()
        await client.sio.send({"text": STRANGE})
        self.assertEqual(await client.next("message"), {"echo": {"text": STRANGE}})

    async def test_the_server_acknowledges(self):
        client = await self.connect()
        for value in (0, -1.5, 1e21, "", STRANGE, True, None, [], {}, [[{"a": [None]}]]):
            self.assertEqual(await client.ask("echo", value), value)
        self.assertEqual(await client.ask("add", 20, 22), 42)
        answers = await asyncio.gather(*(client.ask("echo", n) for n in range(200)))
        self.assertEqual(answers, list(range(200)))

    async def test_the_client_acknowledges(self):
        client = await self.connect()
        client.sio.on("question", lambda question: {**question, "answer": STRANGE})
        self.assertEqual(await client.ask("ask", {"question": 7}), {"answer": {"question": 7, "answer": STRANGE}})

    async def test_the_server_waits_in_vain_for_the_client(self):
        client = await self.connect()
        done = asyncio.Event()

        async def too_late(question):
            await done.wait()
            return "too late"

        client.sio.on("question", too_late)
        self.assertEqual(await client.ask("ask", 1), {"error": "timeout"})
        done.set()
        self.assertEqual(await client.ask("echo", "still here"), "still here")

    async def test_the_client_waits_in_vain_for_the_server(self):
        client = await self.connect()
        with self.assertRaises(socketio.exceptions.TimeoutError):
            await client.sio.call("silent", timeout=0.2)
        self.assertEqual(await client.ask("echo", "still here"), "still here")

    # ── content ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def test_a_thousand_messages_arrive_in_order(self):
        client = await self.connect()
        await client.emit("stream", 1000)
        for n in range(1000):
            await client.emit("count", n)
        self.assertEqual(await client.ask("counted"), list(range(1000)))
        await client.first(1000, "numbered")
        await self.fence(client, [client])
        self.assertEqual(client.all("numbered"), list(range(1000)))

    async def test_any_text_comes_back_as_it_went(self):
        client = await self.connect()
        everything = "".join(map(chr, range(0x3000)))
        for text in (STRANGE, everything, "\U0010ffff\ufffe\uffff\ufeff", '2["message"]', "1", "b64"):
            self.assertEqual(await client.ask("echo", text), text)
            self.assertEqual(await client.ask("echo", {text: text}), {text: text})

    async def test_500_kilobytes_come_and_go(self):
        client = await self.connect()
        # ASCII only: python-socketio writes any other character as an escape of six bytes
        text = "x" * 500_000
        self.assertTrue(await client.ask("echo", text) == text)
        await client.emit("large", 3, 500_000)
        for i, one in enumerate(await client.first(3, "large")):
            self.assertEqual(one["number"], i)
            self.assertTrue(one["text"] == text)

    # ── namespaces ───────────────────────────────────────────────────────────────────────────────────────────────

    async def test_joins_two_namespaces_over_one_connection(self):
        a = await self.connect(["/", "/admin"], auth=TOKEN)
        b = await self.connect(["/", "/admin"], auth=TOKEN)
        self.assertNotEqual(a.id("/"), a.id("/admin"))
        here, there = await a.whoami(), await a.whoami("/admin")
        self.assertEqual((here["namespace"], there["namespace"]), ("/", "/admin"))
        self.assertEqual((here["id"], there["id"]), (a.id("/"), a.id("/admin")))

        room = unique("room")
        for namespace in ("/", "/admin"):
            for one in (a, b):
                await self.subscribe(one, room, namespace=namespace)
        for namespace, other in (("/", "/admin"), ("/admin", "/")):
            for verb in ("send_and_broadcast_channel", "send_and_broadcast", "io_broadcast"):
                mark = unique("mark")
                order = {"verb": verb, "channel": room, "data": {"mark": mark}}
                self.assertIsNone(await a.ask("verb", order, namespace=namespace))
                for ns in ("/", "/admin"):
                    await self.fence(a, [a, b], ns)
                self.assertEqual([one.copies(mark, namespace) for one in (a, b)], [1, 1], verb)
                self.assertEqual([one.copies(mark, other) for one in (a, b)], [0, 0], verb)

    async def test_is_refused_in_one_namespace_and_stays_in_the_other(self):
        client = Client(["/", "/admin"])
        self.clients.append(client)
        with self.assertRaisesRegex(socketio.exceptions.ConnectionError, "/admin"):
            await client.connect(self.transports, auth={"token": "guess"})
        self.assertEqual(client.all("@connect_error", "/admin"), [{"message": "not an administrator"}])
        self.assertEqual(len(client.all("@connect")), 1)
        self.assertEqual(client.all("@connect_error"), [])

    # ── ending ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def life_of(self, witness, id):
        """What the server saw of a client that is gone, as it tells all others."""
        return (await witness.next("finished", lambda data: data["id"] == id))["life"]

    async def test_disconnects(self):
        client, witness = await self.crowd(2)
        id, room = client.id(), unique("room")
        await self.subscribe(client, room)
        await client.sio.disconnect()

        self.assertEqual(client.all("@disconnect"), ["client disconnect"])
        self.assertEqual(
            await self.life_of(witness, id),
            ["connect", f"subscribe {room}", "disconnect", f"unsubscribe {room}", "finish"],
        )
        await client.connect(self.transports)
        me = await client.whoami()
        self.assertNotEqual(me["id"], id)
        self.assertEqual(me["channels"], [])

    async def test_is_disconnected_by_the_server_from_one_namespace(self):
        client = await self.connect(["/", "/admin"], auth=TOKEN)
        session = client.sio.eio.sid
        await client.emit("disconnect_me")

        self.assertEqual(await client.next("@disconnect"), "server disconnect")
        self.assertEqual(await client.ask("echo", "still here", namespace="/admin"), "still here")
        self.assertEqual(client.sio.eio.sid, session, "the connection is the same")
        self.assertEqual(list(client.sio.namespaces), ["/admin"])
        self.assertEqual(client.all("@disconnect", "/admin"), [])

    async def test_is_disconnected_by_the_server_and_stays_so(self):
        client, witness = await self.crowd(2)
        id, room = client.id(), unique("room")
        await self.subscribe(client, room)
        await client.emit("disconnect_me")

        self.assertEqual(await client.next("@disconnect"), "server disconnect")
        self.assertEqual(
            await self.life_of(witness, id),
            ["connect", f"subscribe {room}", "disconnect", f"unsubscribe {room}", "finish"],
        )
        self.assertEqual([name for _, name, _ in client.heard[-2:]], ["goodbye", "@disconnect"])
        # it ends by itself: no reconnection to wait for
        await asyncio.wait_for(client.sio.wait(), DEADLINE)
        self.assertFalse(client.sio.connected)
        self.assertEqual(len(client.all("@connect")), 1)

    async def test_the_server_closes_the_whole_connection(self):
        client = await self.connect(["/", "/admin"], auth=TOKEN)
        [witness] = await self.crowd(1)
        id = client.id()
        await client.emit("close_me")

        for namespace in ("/", "/admin"):
            self.assertEqual(await client.next("@disconnect", namespace=namespace), "server disconnect")
        self.assertEqual(client.all("goodbye"), [None])
        self.assertEqual(await self.life_of(witness, id), ["connect", "disconnect", "finish"])
        await asyncio.wait_for(client.sio.wait(), DEADLINE)
        self.assertFalse(client.sio.connected)
        self.assertEqual(len(client.all("@connect")), 1)

    async def test_reconnects_when_the_network_fails(self):
        async with network() as net:
            client = await self.connect(["/", "/admin"], auth=TOKEN, url=net.url)
            [witness] = await self.crowd(1)
            ids = [client.id(), client.id("/admin")]
            room = unique("room")
            await self.subscribe(client, room)
            net.fail()

            self.assertEqual(await client.next("@disconnect"), "transport error")
            net.mend()
            self.assertEqual(
                await self.life_of(witness, ids[0]),
                ["connect", f"subscribe {room}", "disconnect", f"unsubscribe {room}", "finish"],
            )
            for namespace in ("/", "/admin"):
                await client.first(2, "@connect", namespace)
            self.assertEqual(client.sio.transport(), self.ends)
            self.assertEqual(len({*ids, client.id(), client.id("/admin")}), 4)
            me = await client.whoami()
            self.assertEqual((me["id"], me["channels"], me["auth"]), (client.id(), [], TOKEN))
            self.assertEqual(await self.copies(witness, [client], "broadcast_channel", channel=room), [0])
            await self.subscribe(client, room)
            self.assertEqual(await self.copies(witness, [client], "broadcast_channel", channel=room), [1])
            await asyncio.wait_for(client.sio.shutdown(), DEADLINE)


class Network:
    """What lies between a client and the server, and can fail."""

    def __init__(self, url):
        self._server = urllib.parse.urlsplit(url)
        self._writers = set()
        self._tasks = set()
        self._works = True
        self.url = None

    async def listen(self):
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._listener.sockets[0].getsockname()[1]
        self.url = self._server._replace(netloc=f"127.0.0.1:{port}").geturl()

    async def _accept(self, reader, writer):
        if not self._works:
            return writer.transport.abort()
        self._tasks.add(asyncio.current_task())
        there, here = await asyncio.open_connection(self._server.hostname, self._server.port)
        self._writers |= {writer, here}
        await asyncio.gather(self._pass(reader, here), self._pass(there, writer))
        self._writers -= {writer, here}
        self._tasks.discard(asyncio.current_task())

    async def _pass(self, reader, writer):
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    def mend(self):
        self._works = True

    def fail(self):
        """All connections break, and no new ones come about."""
        self._works = False
        for writer in self._writers:
            writer.transport.abort()

    async def close(self):
        self._listener.close()
        self.fail()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def network():
    net = Network(SERVER_URL)
    await net.listen()
    try:
        yield net
    finally:
        await net.close()


class Modes:
    """Within a class of their own, so that the tests above are not run without a mode."""

    class WebSocketOnly(Conformance, unittest.IsolatedAsyncioTestCase):
        transports = ["websocket"]
        ends = "websocket"

    class PollingOnly(Conformance, unittest.IsolatedAsyncioTestCase):
        transports = ["polling"]
        ends = "polling"

    class Default(Conformance, unittest.IsolatedAsyncioTestCase):
        transports = None
        ends = "websocket"


WebSocketOnly, PollingOnly, Default = Modes.WebSocketOnly, Modes.PollingOnly, Modes.Default

if __name__ == "__main__":
    unittest.main(verbosity=2)
