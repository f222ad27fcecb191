"""Who is in a channel."""

from .client import unique
from .scenarios import Scenarios


def applied(client, snapshot, channel):
    """The members that a client knows: its snapshot, and the changes after it."""
    members = {member["id"]: member["info"] for member in snapshot["members"]}
    for _, event, args in client.received:
        if event == "presence" and args[0] == channel and args[1]["version"] > snapshot["version"]:
            for left in args[1]["leaves"]:
                members.pop(left, None)
            members.update((joined["id"], joined["info"]) for joined in args[1]["joins"])
    return members


class Presence(Scenarios):
    async def test_knows_who_is_there(self):
        hall = unique("hall")
        ann = await self.connect(auth={"name": "ann"})
        refusal, answer = await ann.ask("subscribe", hall, {"presence": True})
        self.assertIsNone(refusal)
        snapshot = answer["presence"]
        info = {"at": "/"}
        self.assertEqual(snapshot["members"], [{"id": "ann", "info": info, "sockets": 1}])

        bob = await self.connect(auth={"name": "bob"})
        await self.subscribe(bob, hall)
        await ann.until(lambda: applied(ann, snapshot, hall) == {"ann": info, "bob": info}, "a join")
        refusal, listed = await bob.ask("presence", hall)
        self.assertIsNone(refusal)
        self.assertEqual(sorted(member["id"] for member in listed["members"]), ["ann", "bob"])
        refusal, counts = await bob.ask("presence_stats", hall)
        self.assertIsNone(refusal)
        self.assertEqual(counts, {"clients": 2, "users": 2})

        await bob.sio.disconnect()
        await ann.until(lambda: applied(ann, snapshot, hall) == {"ann": info}, "a leave")

    async def test_may_only_ask_as_a_subscriber(self):
        client = await self.connect()
        refusal = await client.ask("presence", unique("hall"))
        self.assertIn("subscribe", refusal["message"])
