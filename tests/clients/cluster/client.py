"""A client in Python: python-socketio.

    python client.py <url> <transports, as JSON>

Prints {"ready": true} when it is connected. Each line of standard input is a command, and is
answered by a line, as in node_server.mjs: exchange and transport. It ends with its input.
"""
import asyncio
import json
import sys

import socketio


async def main(url, transports):
    client = socketio.AsyncClient(reconnection=False)
    numbered = asyncio.Queue()
    client.on("numbered", numbered.put)

    async def exchange(count):
        echoed = [await client.call("echo", number, timeout=20) for number in range(count)]
        await client.emit("stream", count)
        received = [await asyncio.wait_for(numbered.get(), 20) for _ in range(count)]
        return {"echoed": echoed, "numbered": received}

    async def transport():
        return client.transport()

    await client.connect(url, transports=transports)
    print(json.dumps({"ready": True}), flush=True)
    verbs = {"exchange": exchange, "transport": transport}
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        number, verb = command.pop("id"), command.pop("verb")
        try:
            answer = {"id": number, "value": await verbs[verb](**command)}
        except Exception as error:  # noqa: BLE001 The test shows whatever it is.
            answer = {"id": number, "error": repr(error)}
        print(json.dumps(answer), flush=True)
    await client.disconnect()


asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
