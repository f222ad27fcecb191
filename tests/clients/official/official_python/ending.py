"""Disconnections and reconnections."""

import asyncio

from .client import DEADLINE, TOKEN, unique
from .network import network
from .scenarios import Scenarios


class Ending(Scenarios):
    async def life_of(self, witness, id):
        """The events of a client that is gone, as the server reports them to all others."""
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
        # What goes to all may come in between: clients of earlier tests may leave only now.
        events = [name for _, name, _ in client.received]
        self.assertEqual([name for name in events if name != "finished"][-2:], ["goodbye", "@disconnect"])
        self.assertEqual(events[-1], "@disconnect")
        # It ends by itself, without a reconnection.
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
