"""The official Python client with positions: it has no recovery of its own, and `since` gives it one.

    SERVER_URL=http://127.0.0.1:9000 tests/clients/.venv/bin/python tests/clients/recovery/test_since.py

The server is tests/recovery/app.rs. Its documentation lists what the server does.
"""

import asyncio
import os
import re
import sys
import unittest
import uuid

import aiohttp
import socketio

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../official"))

from official_python.network import Network  # noqa: E402

SERVER_URL = os.environ["SERVER_URL"]
# The limit of each wait in these tests. It ends a test that has failed, and delays none.
DEADLINE = 20
TOKEN = re.compile("[-0-9A-Z_a-z]{16}")


class Client:
    """An official client behind a network of its own, which keeps the messages that it receives."""

    def __init__(self):
        self.messages = []
        self.is_connected = False
        self.changed = asyncio.Event()

    def turn(self, is_connected):
        self.is_connected = is_connected
        self.changed.set()

    async def open(self, transport, auth):
        self.network = Network(SERVER_URL)
        await self.network.listen()
        self.http = aiohttp.ClientSession()
        self.sio = socketio.AsyncClient(
            http_session=self.http, reconnection_delay=0.01, reconnection_delay_max=0.05, randomization_factor=0
        )
        self.sio.on("message", self.receive)
        self.sio.on("connect", lambda: self.turn(True))
        self.sio.on("disconnect", lambda reason: self.turn(False))
        await self.sio.connect(self.network.url, transports=[transport], auth=auth, wait_timeout=DEADLINE)

    def receive(self, *args):
        self.messages.append(args)
        self.changed.set()

    async def until(self, holds):
        async def loop():
            while not holds():
                self.changed.clear()
                await self.changed.wait()

        await asyncio.wait_for(loop(), DEADLINE)

    async def first(self, count):
        await self.until(lambda: len(self.messages) >= count)
        return self.messages[:count]

    async def call(self, event, *args):
        """The acknowledgement: a value, or a tuple of several."""
        return await self.sio.call(event, args, timeout=DEADLINE)

    async def control(self, verb, **order):
        async with self.http.post(f"{SERVER_URL}/control", json={"verb": verb, **order}) as response:
            response.raise_for_status()
            return await response.json()

    async def publish(self, channel, *texts, **more):
        for text in texts:
            await self.control("emit", channel=channel, event="message", args=[text], **more)

    async def while_away(self, act):
        self.network.fail()
        await self.until(lambda: not self.is_connected)
        await act
        self.network.mend()
        await self.until(lambda: self.is_connected)

    async def close(self):
        await asyncio.wait_for(self.sio.shutdown(), DEADLINE)
        await self.http.close()
        await self.network.close()


class Since:
    """The tests; each subclass is one transport."""

    transport = None

    async def asyncSetUp(self):
        self.clients = []

    async def asyncTearDown(self):
        for client in self.clients:
            await client.close()

    async def open(self, auth={"offsets": True}):
        client = Client()
        self.clients.append(client)
        await client.open(self.transport, auth)
        return client

    async def test_what_was_missed_comes_once_and_in_order(self):
        client, room = await self.open(), f"room-{uuid.uuid4()}"
        self.assertIsNone(await client.call("subscribe", room))
        await client.publish(room, "first")
        [(_, position)] = await client.first(1)
        self.assertRegex(position, TOKEN)

        await client.while_away(client.publish(room, "missed 1", "missed 2"))
        refusal, answer = await client.call("subscribe", room, {"since": position})
        self.assertIsNone(refusal)
        self.assertRegex(answer.pop("position"), TOKEN)
        self.assertEqual(answer, {"recovered": True, "missed": 2})

        await client.publish(room, "new")
        messages = await client.first(4)
        self.assertEqual([text for text, _ in messages], ["first", "missed 1", "missed 2", "new"])
        tokens = [token for _, token in messages]
        self.assertEqual(tokens, sorted(set(tokens)))

    async def test_a_client_that_did_not_ask_sees_no_position(self):
        client, room = await self.open({}), f"room-{uuid.uuid4()}"
        self.assertIsNone(await client.call("subscribe", room))
        await client.publish(room, "to the channel")
        await client.control("emit", id=client.sio.get_sid(), event="message", args=["to one"])
        await client.publish(room, "binary", binary=True)
        await client.control("emit", event="message", args=["to all"])
        expected = [("to the channel",), ("to one",), ("binary", b"\1\2\3"), ("to all",)]
        self.assertCountEqual(await client.first(4), expected)
        # Between two polls a volatile event is dropped.
        while len(client.messages) == 4:
            await client.publish(room, "volatile", volatile=True)
        self.assertEqual(client.messages[4], ("volatile",))

    async def test_a_client_that_did_not_ask_can_use_since(self):
        client, room = await self.open({}), f"room-{uuid.uuid4()}"
        refusal, answer = await client.call("subscribe", room, {"since": None})
        self.assertIsNone(refusal)
        position = answer.pop("position")
        self.assertEqual(answer, {"recovered": False, "missed": 0, "reason": "no position"})
        await client.while_away(client.publish(room, "missed"))
        _, answer = await client.call("subscribe", room, {"since": position})
        self.assertEqual((answer["recovered"], answer["missed"]), (True, 1))
        self.assertEqual(await client.first(1), [("missed",)])

    async def test_the_newest_messages_on_request(self):
        client, room = await self.open(), f"room-{uuid.uuid4()}"
        await client.publish(room, "1", "2", "3")
        refusal, answer = await client.call("subscribe", room, {"last": 2})
        self.assertIsNone(refusal)
        self.assertEqual((answer["recovered"], answer["missed"]), (False, 2))
        self.assertEqual([text for text, _ in await client.first(2)], ["2", "3"])

    async def test_what_can_not_be_replayed_is_told(self):
        client, kind = await self.open(), uuid.uuid4()
        _, answer = await client.call("subscribe", f"room-{kind}", {"since": None})
        for channel, position, reason in [
            (f"bare-{kind}", answer["position"], "no history"),
            (f"room-{kind}", "some text", "unknown position"),
            (f"room-{kind}", None, "no position"),
            (f"room-{kind}", "0000------------", "epoch"),
        ]:
            await client.call("unsubscribe", channel)
            await client.publish(channel, "missed")
            refusal, answer = await client.call("subscribe", channel, {"since": position})
            self.assertIsNone(refusal)
            self.assertRegex(answer.pop("position"), TOKEN)
            self.assertEqual(answer, {"recovered": False, "missed": 0, "reason": reason})
            client.messages.clear()
            await client.publish(channel, "new")
            self.assertEqual([text for text, _ in await client.first(1)], ["new"])

    async def test_one_position_serves_all_channels(self):
        client, kind = await self.open(), uuid.uuid4()
        rooms = [f"room-{kind}-{n}" for n in range(3)]
        _, answer = await client.call("subscribe", rooms, {"since": None})
        await client.publish(rooms[2], "first")
        [(_, position)] = await client.first(1)

        async def publish():
            for n, room in enumerate([*rooms, *reversed(rooms)]):
                await client.publish(room, n)

        await client.while_away(publish())
        _, answer = await client.call("subscribe", rooms, {"since": position})
        self.assertEqual((answer["recovered"], answer["missed"]), (True, 6))
        self.assertEqual(answer["channels"], dict.fromkeys(rooms, {"recovered": True, "missed": 2}))
        messages = await client.first(7)
        self.assertEqual([value for value, _ in messages], ["first", 0, 1, 2, 3, 4, 5])

    async def test_an_option_that_can_not_be_read_is_refused(self):
        client = await self.open()
        for options, name in [
            ({"since": 1}, "since"),
            ({"last": "2"}, "last"),
            ({"last": -1}, "last"),
            ({"sinse": "x"}, "sinse"),
            ("since", "options"),
        ]:
            room = f"room-{uuid.uuid4()}"
            refusal = await client.call("subscribe", room, options)
            self.assertIsInstance(refusal, dict, options)
            self.assertIn(name, str(refusal), options)
            channels = (await client.call("whoami"))["channels"]
            self.assertNotIn(room, channels)


class WebSocketOnly(Since, unittest.IsolatedAsyncioTestCase):
    transport = "websocket"


class PollingOnly(Since, unittest.IsolatedAsyncioTestCase):
    transport = "polling"


if __name__ == "__main__":
    unittest.main(verbosity=2)
