"""What the scenarios have in common."""

import asyncio

import engineio.payload

from .client import DEADLINE, PACKETS_IN_A_POLL, Client, unique


class Scenarios:
    """The base of all scenarios. A subclass with a mode runs them."""

    transports = None
    ends = None

    async def asyncSetUp(self):
        self.clients = []
        # unittest enables the debug mode of asyncio, whose reports of slow steps do not matter here.
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
        """Sends a message to all clients, and waits until all of `clients` have received it.

        The server sends it in the order of publications, so all earlier publications have arrived, or
        will never arrive.
        """
        mark = unique("fence")
        await sender.emit("fence", mark, namespace=namespace)
        for client in clients:
            await client.next("fence", lambda seen: seen == mark, namespace)

    async def copies(self, sender, clients, verb, **more):
        """Sends by one of the server's verbs. Returns how many copies each of `clients` received."""
        mark = unique("mark")
        self.assertIsNone(await sender.ask("verb", {"verb": verb, **more, "data": {"mark": mark}}))
        await self.fence(sender, clients)
        return [client.copies(mark) for client in clients]
