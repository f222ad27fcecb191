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

# The limit of each wait in these tests. It ends a test that has failed, and delays none.
DEADLINE = 20

# python-engineio considers a response with more than 16 packets an attack and disconnects. A client
# that expects more packets in a poll must raise the limit.
PACKETS_IN_A_POLL = 100_000

STRANGE_TEXT = 'Größe π 🏆 𝄞 \u0000\u001e\u2028\u2029 "\\" 日本語 e\u0301 \u202ertl'
TOKEN = {"token": "let me in"}


def unique(prefix):
    """A unique name, because all tests share one server."""
    return f"{prefix}-{uuid.uuid4()}"


class Client:
    """An official client that keeps the events that it receives, in order."""

    def __init__(self, namespaces=("/",)):
        # An explicit session, because python-engineio does not close its own when the server ends polling.
        self.http = aiohttp.ClientSession()
        self.sio = socketio.AsyncClient(
            http_session=self.http,
            reconnection_delay=0.01,
            reconnection_delay_max=0.05,
            randomization_factor=0,
        )
        self.namespaces = list(namespaces)
        self.received = []
        self._changed = asyncio.Event()
        for namespace in self.namespaces:
            for own in ("connect", "connect_error", "disconnect"):
                self.sio.on(own, self._own(own, namespace), namespace=namespace)
            self.sio.on("*", self._any(namespace), namespace=namespace)

    def _own(self, event, namespace):
        return lambda *args: self._receive(namespace, "@" + event, args)

    def _any(self, namespace):
        return lambda event, *args: self._receive(namespace, event, args)

    def _receive(self, namespace, event, args):
        self.received.append((namespace, event, args))
        self._changed.set()

    async def connect(self, transports, url=SERVER_URL, **options):
        await self.sio.connect(
            url, transports=transports, namespaces=self.namespaces, wait_timeout=DEADLINE, **options
        )

    def id(self, namespace="/"):
        return self.sio.get_sid(namespace)

    def all(self, event, namespace="/"):
        """The first argument of each event of this name."""
        return [args[0] if args else None for ns, name, args in self.received if (ns, name) == (namespace, event)]

    async def until(self, probe, what):
        """The value of `probe()`, as soon as it is neither None nor False."""

        async def loop():
            while (value := probe()) is None or value is False:
                self._changed.clear()
                await self._changed.wait()
            return value

        try:
            return await asyncio.wait_for(loop(), DEADLINE)
        except asyncio.TimeoutError:
            raise AssertionError(f"waited {DEADLINE} s for {what}; received {self.received[-5:]}") from None

    async def next(self, event, fits=lambda data: True, namespace="/"):
        """The first `event` whose first argument fits, in the past or the future."""

        def probe():
            found = [(data,) for data in self.all(event, namespace) if fits(data)]
            return found[0] if found else None

        return (await self.until(probe, f'the event "{event}"'))[0]

    async def first(self, count, event, namespace="/"):
        await self.until(lambda: len(self.all(event, namespace)) >= count, f'{count} events "{event}"')
        return self.all(event, namespace)[:count]

    async def emit(self, event, *args, namespace="/"):
        await self.sio.emit(event, args, namespace=namespace)

    async def ask(self, event, *args, namespace="/"):
        """Emits an event, and returns its acknowledgement."""
        return await self.sio.call(event, args, namespace=namespace, timeout=DEADLINE)

    async def whoami(self, namespace="/"):
        return await self.ask("whoami", namespace=namespace)

    def copies(self, mark, namespace="/"):
        """The number of copies that arrived of the message with this mark."""
        return sum(isinstance(data, dict) and data.get("mark") == mark for data in self.all("message", namespace))
