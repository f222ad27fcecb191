"""What else the official Python client, python-socketio, does with our server: bytes, namespaces, and msgpack.

    SERVER_URL=http://127.0.0.1:9000 SERVER_WITH_MSGPACK=http://127.0.0.1:9001 \\
        tests/clients/.venv/bin/python tests/clients/complete/test_complete.py

The server is tests/complete/app.rs; its comment is the list of what it does.
"""

import asyncio
import os
import sys
import unittest
import uuid

import aiohttp
import socketio

SERVERS = {"default": os.environ.get("SERVER_URL"), "msgpack": os.environ.get("SERVER_WITH_MSGPACK")}
if not all(SERVERS.values()):
    sys.exit("SERVER_URL and SERVER_WITH_MSGPACK must name running servers (see tests/complete.rs)")

# The limit of each wait in these tests. It ends a test that has failed, and delays none.
DEADLINE = 20

STRANGE = 'Größe π 🏆 𝄞 \u0000\u001e "\\" 日本語 \u202ertl'
DATA = bytes(range(256)) * 8


class Client:
    """An official client that keeps the events that it receives, in order."""

    def __init__(self, serializer, namespaces=("/",)):
        self.http = aiohttp.ClientSession()
        self.sio = socketio.AsyncClient(http_session=self.http, serializer=serializer, reconnection=False)
        self.received = asyncio.Queue()
        for namespace in namespaces:
            self.sio.on("*", self._hear(namespace), namespace=namespace)
            for own in ("connect_error", "disconnect"):
                self.sio.on(own, self._hear(namespace, own), namespace=namespace)
            self.sio.on("question", lambda *args: {"args": list(args)}, namespace=namespace)

    def _hear(self, namespace, *event):
        return lambda *args: self.received.put_nowait((namespace, *event, *args))

    async def next(self, event, namespace="/"):
        """The arguments of the next such event; others are forgotten."""
        while True:
            where, name, *args = await asyncio.wait_for(self.received.get(), DEADLINE)
            if (where, name) == (namespace, event):
                return args

    async def call(self, event, *args, namespace="/"):
        return await self.sio.call(event, args, namespace=namespace, timeout=DEADLINE)


class Complete:
    """The tests; each subclass is one transport and one parser."""

    transport = None
    serializer = None

    async def connected(self, namespaces=("/",), auth=None):
        client = Client(self.serializer, namespaces)
        self.addAsyncCleanup(client.http.close)
        self.addAsyncCleanup(client.sio.shutdown)
        await client.sio.connect(
            SERVERS[self.serializer],
            transports=[self.transport],
            namespaces=list(namespaces),
            auth=auth,
            wait_timeout=DEADLINE,
        )
        self.assertEqual(client.sio.transport(), self.transport)
        return client

    async def test_bytes_both_ways(self):
        client = await self.connected()
        for args in (
            [DATA],
            [b""],
            [b"1", "text", {"deep": [{"data": DATA}, None, STRANGE]}, 7],
            [[bytes([n]) * n for n in range(10)]],
        ):
            answer = await client.call("echo", *args)
            self.assertEqual(answer, args[0] if len(args) == 1 else tuple(args))
            await client.sio.emit("back", tuple(args))
            self.assertEqual(await client.next("back"), args)
            self.assertEqual(await client.call("ask", *args), {"answer": {"args": args}})
        file = await client.call("file", {"name": STRANGE, "data": DATA})
        self.assertEqual(file, {"name": STRANGE, "data": DATA[::-1]})

    async def test_bytes_that_are_published(self):
        a, b = await self.connected(), await self.connected()
        channel = f"open-{uuid.uuid4()}"
        for client in (a, b):
            self.assertIsNone(await client.call("subscribe", channel))
        self.assertIsNone(await a.call("publish", channel, "picture", {"data": DATA, "name": STRANGE}))
        self.assertEqual(await b.next("picture"), [{"data": DATA, "name": STRANGE}])

    async def test_namespaces(self):
        tenant = "/tenant-12"
        client = await self.connected(["/", "/static", tenant], auth={"as": STRANGE})
        for namespace in ("/", "/static", tenant):
            me = await client.call("whoami", namespace=namespace)
            self.assertEqual(
                (me["namespace"], me["id"], me["auth"]), (namespace, client.sio.get_sid(namespace), {"as": STRANGE})
            )
            self.assertEqual(await client.call("echo", DATA, namespace=namespace), DATA)
        order = {"of": tenant, "event": "news", "data": [DATA]}
        self.assertIsNone(await client.call("operate", order))
        self.assertEqual(await client.next("news", tenant), [DATA])

        for namespace in ("/", "/static", tenant):
            await client.sio.emit("disconnect_me", namespace=namespace)
            self.assertEqual(await client.next("disconnect", namespace), [client.sio.reason.SERVER_DISCONNECT])

    async def test_is_refused_with_data(self):
        client = Client(self.serializer)
        self.addAsyncCleanup(client.http.close)
        self.addAsyncCleanup(client.sio.shutdown)
        with self.assertRaises(socketio.exceptions.ConnectionError):
            await client.sio.connect(
                SERVERS[self.serializer],
                transports=[self.transport],
                auth={"refuse": STRANGE, "data": {"code": [1, None]}},
                wait_timeout=DEADLINE,
            )
        self.assertEqual(await client.next("connect_error"), [{"message": STRANGE, "data": {"code": [1, None]}}])


for transport in ("polling", "websocket"):
    for serializer in ("default", "msgpack"):
        name = f"{transport.capitalize()}With{serializer.capitalize()}"
        members = {"transport": transport, "serializer": serializer}
        globals()[name] = type(name, (Complete, unittest.IsolatedAsyncioTestCase), members)


if __name__ == "__main__":
    unittest.main(verbosity=2)
