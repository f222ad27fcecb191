"""Messages, acknowledgements, and large or unusual content."""

import asyncio

import socketio

from .client import STRANGE_TEXT
from .scenarios import Scenarios


class Messages(Scenarios):
    async def test_a_message_is_answered_with_one(self):
        client = await self.connect()
        await client.sio.send({"text": STRANGE_TEXT})
        self.assertEqual(await client.next("message"), {"echo": {"text": STRANGE_TEXT}})

    async def test_the_server_acknowledges(self):
        client = await self.connect()
        for value in (0, -1.5, 1e21, "", STRANGE_TEXT, True, None, [], {}, [[{"a": [None]}]]):
            self.assertEqual(await client.ask("echo", value), value)
        self.assertEqual(await client.ask("add", 20, 22), 42)
        answers = await asyncio.gather(*(client.ask("echo", n) for n in range(200)))
        self.assertEqual(answers, list(range(200)))

    async def test_the_client_acknowledges(self):
        client = await self.connect()
        client.sio.on("question", lambda question: {**question, "answer": STRANGE_TEXT})
        self.assertEqual(await client.ask("ask", {"question": 7}), {"answer": {"question": 7, "answer": STRANGE_TEXT}})

    async def test_the_server_waits_in_vain_for_the_client(self):
        client = await self.connect()
        done = asyncio.Event()

        async def too_late(question):
            await done.wait()
            return "too late"

        client.sio.on("question", too_late)
        self.assertEqual(await client.ask("ask", 1, 100), {"error": "timeout"})
        done.set()
        self.assertEqual(await client.ask("echo", "still here"), "still here")

    async def test_the_client_waits_in_vain_for_the_server(self):
        client = await self.connect()
        with self.assertRaises(socketio.exceptions.TimeoutError):
            await client.sio.call("silent", timeout=0.2)
        self.assertEqual(await client.ask("echo", "still here"), "still here")

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
        for text in (STRANGE_TEXT, everything, "\U0010ffff\ufffe\uffff\ufeff", '2["message"]', "1", "b64"):
            self.assertEqual(await client.ask("echo", text), text)
            self.assertEqual(await client.ask("echo", {text: text}), {text: text})

    async def test_500_kilobytes_come_and_go(self):
        client = await self.connect()
        # ASCII only, because python-socketio escapes any other character in six bytes.
        text = "x" * 500_000
        self.assertTrue(await client.ask("echo", text) == text)
        await client.emit("large", 3, 500_000)
        for i, one in enumerate(await client.first(3, "large")):
            self.assertEqual(one["number"], i)
            self.assertTrue(one["text"] == text)
