// What applications write, checked by `npm run check`: it must compile, and what is marked must not.

import { type Socket as OfficialShape, Manager, Socket, channels, connect, io, protocol } from "actix-socketio-client";
import standard from "actix-socketio-client";
import { channels as addOn } from "actix-socketio-client/channels";

interface FromServer {
  score: (match: string, goals: [number, number]) => void;
  ask: (question: string, answer: (text: string) => void) => void;
}

interface ToServer {
  hello: (name: string) => void;
  add: (one: number, other: number, sum: (result: number) => void) => void;
}

const socket: Socket<FromServer, ToServer> = io("/admin", {
  auth: (give) => give({ token: "t" }),
  transports: ["websocket", "polling"],
  retries: 3,
  ackTimeout: 1000,
});

socket.on("connect", () => console.log(socket.id?.length, socket.recovered));
socket.on("score", (match, [home]) => console.log(match.length, home.toFixed()));
socket.on("ask", (question, answer) => answer(question));
socket.on("disconnect", (reason, details) => console.log(reason === "parse error", details));
socket.on("connect_error", (error) => console.log(error.message, error.data, error.context?.status));
socket.emit("hello", "Ada");
socket.volatile.emit("hello", "Ada");
socket.emit("add", 1, 2, (sum) => sum.toFixed());
socket.timeout(500).emit("add", 1, 2, (error, sum) => console.log(error?.message, sum.toFixed()));
const sum: Promise<number> = socket.timeout(500).emitWithAck("add", 1, 2);
const other: Promise<number> = socket.emitWithAck("add", 1, 2);
socket.io.on("reconnect_attempt", (attempt) => attempt.toFixed());
socket.io.engine.on("upgrade", () => console.log(socket.io.engine.transport.name));
socket.on("gap", (channel, reason) => console.log(channel.length, reason.length));
socket.on("resubscribed", (channel, answer) => console.log(channel.length, answer.presence?.members?.[0]?.id));
socket.subscribe("match-2", { since: socket.position, last: 10 }, (error, answer) => error ?? answer?.missed.toFixed());
socket.subscribe("match-3", { since: null, presence: true });
socket.subscribe("match-1", (error) => error?.data).publish("match-1", "goal", { minute: 12 });

// @ts-expect-error: the server has no such event
socket.on("scores", () => {});
// @ts-expect-error: a name is a string
socket.emit("hello", 7);
// @ts-expect-error: a channel's name is a string
socket.subscribe(7);
// @ts-expect-error: a position is a string
socket.subscribe("match-4", { since: 7 });
// @ts-expect-error: an option is misspelt
io({ transport: ["websocket"] });

const untyped = io({ keepPosition: true });
untyped.on("anything", (one, two) => console.log(one, two));
untyped.emit("anything", new Uint8Array(1), () => {});

const manager = new Manager("https://example.com", { autoConnect: false, timeout: false });
manager.reconnection(false).open((error) => console.log(error?.message));
const admin = manager.socket("/admin", { auth: { token: "t" } });
const legacy = new Socket("example.com", { port: 8080 });
legacy.connect().subscribe("room");

/** A socket of the official client, as its typings describe it. */
declare const official: {
  connected: boolean;
  active: boolean;
  emit(event: string, ...args: any[]): typeof official;
  emitWithAck(event: string, ...args: any[]): Promise<any>;
  timeout(milliseconds: number): typeof official;
  listeners(event: string): Function[];
};
const wrapped = addOn(official, { subscribeEvent: "join", keepPosition: { getItem: () => null, setItem: () => {} } });
const position: string | undefined = wrapped.position;
wrapped.subscribe("room", (error) => error?.message).emit("hello");
const same: boolean = channels(untyped).channels.has("room");
const version: 5 = protocol;

export { admin, connect, other, position, same, standard, sum, version };
export type { OfficialShape };
