// Raw Socket.IO packets over a WebSocket, in the order in which they come.

import WebSocket from "ws";

export class Wire {
  constructor(url) {
    this.packets = [];
    this.waiting = null;
    this.isClosed = false;
    this.socket = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
    this.socket.on("message", (data) => {
      const text = String(data);
      if (text === "2") {
        this.socket.send("3");
      } else if (text.startsWith("4")) {
        this.packets.push(text.slice(1));
        this.waiting?.();
      }
    });
    this.socket.on("close", () => {
      this.isClosed = true;
      this.waiting?.();
    });
  }

  static async open(url) {
    const wire = new Wire(url);
    await new Promise((resolve, reject) => {
      wire.socket.once("open", resolve);
      wire.socket.once("error", reject);
    });
    return wire;
  }

  send(packet) {
    this.socket.send(`4${packet}`);
  }

  // The next packet that `wanted` takes. Those before it are dropped.
  async next(wanted = () => true) {
    for (;;) {
      while (this.packets.length > 0) {
        const packet = this.packets.shift();
        if (wanted(packet)) {
          return packet;
        }
      }
      if (this.isClosed) {
        throw new Error("the connection is closed");
      }
      await new Promise((resolve) => (this.waiting = resolve));
    }
  }

  async closed() {
    while (!this.isClosed) {
      await new Promise((resolve) => (this.waiting = resolve));
    }
  }

  close() {
    this.socket.close();
  }
}

// An administrator's client, with what came until `config`.
export async function admin(url, auth) {
  const wire = await Wire.open(url);
  wire.send(`0/admin,${auth === undefined ? "" : JSON.stringify(auth)}`);
  const first = [];
  do {
    first.push(await wire.next());
  } while (!first.at(-1).startsWith("4") && !first.at(-1).includes('["config"'));
  return { wire, first };
}

export function command(wire, ...args) {
  wire.send(`2/admin,${JSON.stringify(args)}`);
}

// The arguments of an event.
export function args(packet) {
  return JSON.parse(packet.slice(packet.indexOf("["))).slice(1);
}

export async function stats(wire) {
  return args(await wire.next((packet) => packet.startsWith('2/admin,["server_stats"')))[0];
}
