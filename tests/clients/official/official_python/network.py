"""A network between a client and the server, which can fail."""

import asyncio
import contextlib
import urllib.parse

from .client import SERVER_URL


class Network:
    """What lies between a client and the server, and can fail."""

    def __init__(self, url):
        self._server = urllib.parse.urlsplit(url)
        self._writers = set()
        self._tasks = set()
        self._works = True
        self.url = None

    async def listen(self):
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._listener.sockets[0].getsockname()[1]
        self.url = self._server._replace(netloc=f"127.0.0.1:{port}").geturl()

    async def _accept(self, reader, writer):
        if not self._works:
            return writer.transport.abort()
        self._tasks.add(asyncio.current_task())
        there, here = await asyncio.open_connection(self._server.hostname, self._server.port)
        self._writers |= {writer, here}
        await asyncio.gather(self._pass(reader, here), self._pass(there, writer))
        self._writers -= {writer, here}
        self._tasks.discard(asyncio.current_task())

    async def _pass(self, reader, writer):
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    def mend(self):
        self._works = True

    def fail(self):
        """All connections break, and no new ones come about."""
        self._works = False
        for writer in self._writers:
            writer.transport.abort()

    async def close(self):
        self._listener.close()
        self.fail()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def network():
    net = Network(SERVER_URL)
    await net.listen()
    try:
        yield net
    finally:
        await net.close()
