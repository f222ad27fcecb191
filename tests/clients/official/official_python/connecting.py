"""How a client connects, and is refused."""

import urllib.parse

import socketio

from .client import SERVER_URL, STRANGE_TEXT, Client
from .scenarios import Scenarios


class Connecting(Scenarios):
    async def test_connects(self):
        client = await self.connect()
        welcome = await client.next("welcome")

        self.assertEqual(welcome["id"], client.id())
        self.assertEqual(len(client.id()), 20)
        self.assertNotEqual(client.id(), client.sio.eio.sid, "the session's id is a secret")
        self.assertEqual(client.all("@connect_error"), [])

    async def test_hands_over_auth_query_and_headers(self):
        auth = {"name": STRANGE_TEXT, "nested": {"list": [1, 2.5, None, True], "empty": {}}}
        url = SERVER_URL + "?" + urllib.parse.urlencode({"who": "Ada & Bo"})
        client = await self.connect(url=url, auth=auth, headers={"x-who": "a header"})
        me = await client.whoami()

        self.assertEqual(me["auth"], auth)
        self.assertEqual((await client.next("welcome"))["auth"], auth)
        self.assertEqual(me["query"], "Ada & Bo")
        self.assertEqual(me["header"], "a header")
        self.assertEqual(me["namespace"], "/")

    async def test_is_refused_with_message_and_data(self):
        client = Client()
        self.clients.append(client)
        with self.assertRaises(socketio.exceptions.ConnectionError):
            await client.connect(self.transports, auth={"refuse": STRANGE_TEXT})

        error = {"message": f"not today, {STRANGE_TEXT}", "data": {"why": "asked for", "code": 4001}}
        self.assertEqual(client.all("@connect_error"), [error])
        self.assertFalse(client.sio.connected)
        self.assertEqual(client.all("welcome"), [], "what a handler sent before it refused is dropped")

    async def test_is_refused_in_an_unknown_namespace(self):
        client = Client(["/nowhere"])
        self.clients.append(client)
        with self.assertRaises(socketio.exceptions.ConnectionError):
            await client.connect(self.transports)
        self.assertEqual(client.all("@connect_error", "/nowhere"), [{"message": "Invalid namespace"}])
