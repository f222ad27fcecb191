"""One official client, and what the scenarios have in common."""

import asyncio
import os
import sys
import uuid

import aiohttp
import socketio

SERVER_URL = os.environ.get("SERVER_URL")
if not SERVER_URL:
    sys.exit("SERVER_URL must name a running server, as http://127.0.0.1:9000 (see tests/official_clients.rs)")

# No wait in these tests is longer than this; it is a verdict, not a pause.
DEADLINE = 20

# python-engineio takes an answer to a poll with more than 16 packets for an attack and hangs up, whatever the server.
# Whoever expects more than a trickle over polling raises this, as is done here.
PACKETS_IN_A_POLL = 100_000

STRANGE_TEXT = 'Größe π 🏆 𝄞 \u0000\u001e\u2028\u2029 "\\" 日本語 e\u0301 \u202ertl'
TOKEN = {"token": "let me in"}


def unique(prefix):
    """A name nobody else uses: all tests share one server."""
    return f"{prefix}-{uuid.uuid4()}"


class Client:
    """One official client which keeps what it hears, in order."""

    def __init__(self, namespaces=("/",)):
        # A session of our own: python-engineio leaves its own unclosed when the server ends a polling session.
        self.http = aiohttp.ClientSession()
        self.sio = socketio.AsyncClient(
            http_session=self.http,
            reconnection_delay=0.01,
            reconnection_delay_max=0.05,
            randomization_factor=0,
        )
        self.namespaces = list(namespaces)
        self.heard = []
        self._changed = asyncio.Event()
        for namespace in self.namespaces:
            for own in ("connect", "connect_error", "disconnect"):
                self.sio.on(own, self._own(own, namespace), namespace=namespace)
            self.sio.on("*", self._any(namespace), namespace=namespace)

    def _own(self, event, namespace):
        return lambda *args: self._hear(namespace, "@" + event, args)

    def _any(self, namespace):
        return lambda event, *args: self._hear(namespace, event, args)

    def _hear(self, namespace, event, args):
        self.heard.append((namespace, event, args))
        self._changed.set()

    async def connect(self, transports, url=SERVER_URL, **options):
        await self.sio.connect(
            url, transports=transports, namespaces=self.namespaces, wait_timeout=DEADLINE, **options
        )

    def id(self, namespace="/"):
        return self.sio.get_sid(namespace)

    def all(self, event, namespace="/"):
        """All that was heard of an event: the first argument of each."""
        return [args[0] if args else None for ns, name, args in self.heard if (ns, name) == (namespace, event)]

    async def until(self, look, what):
        """The value of `look()`, as soon as it is neither None nor False."""

        async def loop():
            while (value := look()) is None or value is False:
                self._changed.clear()
                await self._changed.wait()
            return value

        try:
            return await asyncio.wait_for(loop(), DEADLINE)
        except asyncio.TimeoutError:
            raise AssertionError(f"waited {DEADLINE} s in vain for {what}; heard {self.heard[-5:]}") from None

    async def next(self, event, fits=lambda data: True, namespace="/"):
        """The first `event` whose first argument fits: already heard, or to come."""

        def look():
            found = [(data,) for data in self.all(event, namespace) if fits(data)]
            return found[0] if found else None

        return (await self.until(look, f'the event "{event}"'))[0]

    async def first(self, count, event, namespace="/"):
        await self.until(lambda: len(self.all(event, namespace)) >= count, f'{count} events "{event}"')
        return self.all(event, namespace)[:count]

    async def emit(self, event, *args, namespace="/"):
        await self.sio.emit(event, args, namespace=namespace)

    async def ask(self, event, *args, namespace="/"):
        """Emits, and returns the acknowledgement."""
        return await self.sio.call(event, args, namespace=namespace, timeout=DEADLINE)

    async def whoami(self, namespace="/"):
        return await self.ask("whoami", namespace=namespace)

    def copies(self, mark, namespace="/"):
        """How many copies came of the message which bears this mark."""
        return sum(isinstance(data, dict) and data.get("mark") == mark for data in self.all("message", namespace))
