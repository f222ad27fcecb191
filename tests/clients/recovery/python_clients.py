"""A population of the official Python client, which comes back by positions, for driver.mjs.

It reads one line of JSON, `{"urls": [...], "channels": [...]}`, and opens a client for each address.
It prints `ready` when all have subscribed, and `finished` when all have a last message of each
channel. After the line `report` it prints their logs as JSON: judge.mjs describes them.

All use a WebSocket. With polling, python-engineio's reading task ends with an exception when a response
breaks off in its middle, and the client hears nothing any more, nor of the loss.
"""

import asyncio
import json
import sys
import time

import aiohttp
import socketio


class Positioned:
    """A client that knows its position. One position serves all channels: it asks for all at once."""

    def __init__(self, channels, changed):
        self.channels = channels
        self.changed = changed
        self.position = None
        self.is_subscribed = False
        self.finals = set()
        self.log = []
        self.returns = self.recovered = 0
        self.attempt = 0
        # By default a connection to a silent server is given up after minutes.
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_connect=3, sock_read=3))
        self.sio = socketio.AsyncClient(
            http_session=self.http, reconnection_delay=0.1, reconnection_delay_max=0.3
        )
        self.sio.on("message", self.receive)
        self.sio.on("connect", self.restore)

    def receive(self, message, at=None):
        channel = message["channel"]
        self.log.append([channel, message["seq"], time.time() * 1000 - message["sentAt"]])
        self.position = at
        if message.get("isFinal"):
            self.finals.add(channel)
            self.changed.set()

    async def restore(self):
        self.attempt += 1
        self.is_subscribed = False
        self.returns += self.attempt > 1
        options = {"since": self.position}
        await self.sio.emit("subscribe", (self.channels, options), callback=self.answered(self.attempt))

    def answered(self, attempt):
        # It runs before the missed messages that follow the answer. `call` would return after them.
        def callback(refusal, answer=None):
            if refusal is not None:
                raise AssertionError(refusal)
            if attempt != self.attempt:
                return
            if attempt > 1:
                is_whole = answer is not None and answer["recovered"]
                self.recovered += is_whole
                for channel in self.channels:
                    if answer is None or not answer["channels"][channel]["recovered"]:
                        self.log.append([channel])
            if answer is not None and answer["missed"] == 0:
                self.position = answer["position"]
            self.is_subscribed = True
            self.changed.set()

        return callback

    def is_ready(self):
        return self.is_subscribed

    def is_finished(self):
        return len(self.finals) == len(self.channels)

    def report(self):
        return {
            "log": self.log,
            "channels": self.channels,
            "isFinished": self.is_finished(),
            "drops": 0,
            "returns": self.returns,
            "recovered": self.recovered,
        }


async def main():
    order = json.loads(sys.stdin.readline())
    changed = asyncio.Event()
    clients = [Positioned(order["channels"], changed) for _ in order["urls"]]

    async def until(holds):
        while not all(holds(client) for client in clients):
            changed.clear()
            await changed.wait()

    for client, url in zip(clients, order["urls"]):
        await client.sio.connect(url, transports=["websocket"], auth={"offsets": True})
    await until(Positioned.is_ready)
    print("ready", flush=True)
    finished = asyncio.create_task(until(Positioned.is_finished))
    finished.add_done_callback(lambda task: task.cancelled() or print("finished", flush=True))
    await asyncio.to_thread(sys.stdin.readline)
    finished.cancel()
    print(json.dumps([client.report() for client in clients]), flush=True)
    for client in clients:
        await client.sio.shutdown()
        await client.http.close()


asyncio.run(main())
