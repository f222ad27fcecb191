"""A population of the official Python client, which comes back by positions, for driver.mjs.

It reads one line of JSON, `{"urls": [...], "channels": [...]}`, and opens a client for each address.
It prints `ready` when all have subscribed, and `finished` when all have a last message of each
channel. After the line `report` it prints their logs as JSON: judge.mjs describes them.
"""

import asyncio
import json
import sys
import time

import socketio


class Positioned:
    """A client with a position for each of its channels.

    One position for all channels would be too new while the client comes back: the missed messages of
    its first channel say nothing about those of its second one.
    """

    def __init__(self, channels, changed):
        self.positions = dict.fromkeys(channels)
        self.changed = changed
        self.subscribed = set()
        self.finals = set()
        self.log = []
        self.returns = self.recovered = 0
        self.attempt = 0
        self.sio = socketio.AsyncClient(reconnection_delay=0.1, reconnection_delay_max=0.3)
        self.sio.on("message", self.receive)
        self.sio.on("connect", self.restore)

    def receive(self, message, at=None):
        channel = message["channel"]
        self.log.append([channel, message["seq"], time.time() * 1000 - message["sentAt"]])
        self.positions[channel] = at
        if message.get("isFinal"):
            self.finals.add(channel)
            self.changed.set()

    async def restore(self):
        self.attempt += 1
        self.subscribed.clear()
        self.returns += self.attempt > 1
        for channel, position in self.positions.items():
            await self.sio.emit("subscribe", (channel, {"since": position}), callback=self.answered(channel))

    def answered(self, channel):
        attempt = self.attempt

        # It runs before the missed messages that follow the answer. `call` would return after them.
        def callback(refusal, answer=None):
            if refusal is not None:
                raise AssertionError(f"{channel}: {refusal}")
            if attempt != self.attempt:
                return
            if attempt > 1:
                is_whole = answer is not None and answer["recovered"]
                self.recovered += is_whole
                if not is_whole:
                    self.log.append([channel])
            if answer is not None and answer["missed"] == 0:
                self.positions[channel] = answer["position"]
            self.subscribed.add(channel)
            self.changed.set()

        return callback

    def is_ready(self):
        return len(self.subscribed) == len(self.positions)

    def is_finished(self):
        return len(self.finals) == len(self.positions)

    def report(self):
        # Each return asks for each channel.
        recovered = self.recovered / len(self.positions)
        return {
            "log": self.log,
            "channels": list(self.positions),
            "isFinished": self.is_finished(),
            "drops": 0,
            "returns": self.returns,
            "recovered": round(recovered),
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


asyncio.run(main())
