"""An emitter for the classic adapter, in another language than Node's: msgpack and a socket.

    python emitter.py <port of Redis> [key]

The package `socket.io-emitter` has had no release since 2018. It writes the same, without `except`.
Prints {"ready": true}. Each line of standard input is a command, and is answered by a line, as in
node_server.mjs: emit and serverSideEmit. It ends with its input.
"""
import base64
import json
import socket
import sys

import msgpack

port = int(sys.argv[1])
key = sys.argv[2] if len(sys.argv) > 2 else "socket.io"
redis = socket.create_connection(("127.0.0.1", port))
answers = redis.makefile("rb")


def publish(channel, payload):
    parts = [b"PUBLISH", channel.encode(), payload]
    body = b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
    redis.sendall(b"*%d\r\n" % len(parts) + body)
    answer = answers.readline().decode().strip()
    if not answer.startswith(":"):
        raise RuntimeError(answer)
    return int(answer[1:])


def emit(args, nsp="/", rooms=(), flags=None):
    packet = {"type": 2, "data": args, "nsp": nsp}
    opts = {"rooms": list(rooms), "flags": flags or {}}
    channel = f"{key}#{nsp}#" + (f"{rooms[0]}#" if len(rooms) == 1 else "")
    return publish(channel, msgpack.packb(["emitter", packet, opts]))


def server_side_emit(args, nsp="/"):
    request = {"uid": "emitter", "type": 6, "data": args}
    return publish(f"{key}-request#{nsp}#", json.dumps(request, separators=(",", ":")).encode())


def revive(value):
    return base64.b64decode(value["$bytes"]) if "$bytes" in value else value


verbs = {"emit": emit, "serverSideEmit": server_side_emit}
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    command = json.loads(line, object_hook=revive)
    number, verb = command.pop("id"), command.pop("verb")
    try:
        print(json.dumps({"id": number, "value": verbs[verb](**command)}), flush=True)
    except Exception as error:
        print(json.dumps({"id": number, "error": str(error)}), flush=True)
