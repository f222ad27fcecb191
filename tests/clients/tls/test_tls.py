"""The official Python client at a server with TLS of its own.

SERVER_URL: where it connects to.
SSL_CERT_FILE: the certificate that it trusts.
"""

import asyncio
import os
import unittest

import socketio

URL = os.environ["SERVER_URL"]


class OverTls(unittest.IsolatedAsyncioTestCase):
    async def check(self, transports, transport):
        client = socketio.AsyncClient(reconnection=False)
        await client.connect(URL, transports=transports)
        try:
            self.assertEqual(client.transport(), transport)
            for value in ("text", b"\x00\xff", "x" * 200_000):
                self.assertEqual(await client.call("echo", value, timeout=20), value)
            got = asyncio.Queue()
            client.on("numbered", got.put)
            await client.emit("stream", 100)
            numbers = [await asyncio.wait_for(got.get(), 20) for _ in range(100)]
            self.assertEqual(numbers, list(range(100)))
        finally:
            await client.disconnect()

    async def test_websocket(self):
        await self.check(["websocket"], "websocket")

    async def test_polling(self):
        await self.check(["polling"], "polling")

    async def test_upgrade(self):
        await self.check(["polling", "websocket"], "websocket")


if __name__ == "__main__":
    unittest.main()
