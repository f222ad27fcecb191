"""Publications, and the ways in which the server sends."""

from .client import STRANGE_TEXT, unique
from .scenarios import Scenarios


class Publishing(Scenarios):
    async def test_publishes_to_the_others_in_the_channel(self):
        a, b, c, d = clients = await self.crowd(4)
        channel = unique("open")
        for one in (a, b, c):
            await self.subscribe(one, channel)

        mark = unique("mark")
        self.assertIsNone(await a.ask("publish", channel, {"mark": mark, "text": STRANGE_TEXT}))
        self.assertIsNone(await a.ask("publish", channel, "goal 🏆", {"minute": 90}))
        await self.fence(a, clients)
        self.assertEqual([one.copies(mark) for one in clients], [0, 1, 1, 0])
        self.assertEqual(b.all("message")[-1], {"mark": mark, "text": STRANGE_TEXT})
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

    async def test_what_others_publish_leaves_a_subscriber_well(self):
        """Each of these made python-socketio deaf, or lost a message, where a server relays it."""
        subscriber, publisher = await self.crowd(2)
        channel = unique("open")
        await self.subscribe(subscriber, channel)
        placeholder = '{"_placeholder":true,"num":0}'
        for lookalike in (
            '{"_placeholder":1,"num":99}',
            '{"_placeholder":"true","num":99}',
            '{"_placeholder":[0],"num":99}',
            '{"_placeholder":{"a":0},"num":"x"}',
            '{"_placeholder":true,"num":0,"num":99}',
            '{"_placeholder":false,"_placeholder":true,"num":99}',
            '{"\\u005fplaceholder":1,"num":99}',
            '{"_placeholder":true,"num":-2}',
            '{"_placeholder":true,"num":0.0}',
        ):
            with self.subTest(lookalike=lookalike):
                attacker = await self.connect()
                await self.subscribe(attacker, channel)
                await attacker.sio.eio.send(f'51-["publish","{channel}",[{lookalike},{placeholder}]]')
                await attacker.sio.eio.send(b"x")
                await attacker.next("@disconnect")
        await self.subscribe(publisher, channel)
        for data, why in (
            (10**100, "a number is too large"),
            ([{"_placeholder": True, "num": 0}], 'an object has the key "_placeholder"'),
        ):
            refused = {"message": f"some clients cannot read the data: {why}"}
            self.assertEqual(await publisher.ask("publish", channel, {"a": data}), refused)
        for data in (10**100 - 1, b"binary", {"_placeholder": False, "data": [b"1", b"2"]}, "\ud83d"):
            self.assertIsNone(await publisher.ask("publish", channel, {"data": data}))
            await subscriber.next("message", lambda seen: seen == {"data": data})
        await self.fence(publisher, [subscriber])

    async def test_each_sending_verb_reaches_exactly_its_receivers(self):
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

        def received(client):
            return [data for data in client.all("message") if data.get("room") == room]

        for client in clients:
            await client.until(lambda: len(received(client)) >= 300, "all that was sent to the channel")
        await self.fence(clients[0], clients)
        order, *others = [received(client) for client in clients]
        self.assertEqual(len(order), 300)
        for other in others:
            self.assertEqual(other, order)
        for i in range(3):
            self.assertEqual([data["n"] for data in order if data["from"] == i], list(range(100)))
