"""Several namespaces on one connection."""

import socketio

from .client import TOKEN, Client, unique
from .scenarios import Scenarios


class Namespaces(Scenarios):
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
