"""Subscriptions."""

from .client import unique
from .scenarios import Scenarios


class Channels(Scenarios):
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
