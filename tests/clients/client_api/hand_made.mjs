// A server made by hand, with positions, histories and sessions that can be recovered. It does what a
// test says: it cuts a connection after so many packets, forgets sessions, or begins anew.

import { createServer } from "node:http";
import { Server as Engine } from "engine.io";

const NO_PLACE = "--------";

export class HandMade {
  #epoch = 0;
  #place = 0;
  #names = 0;
  #sessions = new Map(); // by pid
  /** Everything that was published to a channel: `{place, data}`. */
  histories = new Map();
  /** The connections, in the order in which they came, and what each has sent. */
  peers = [];
  /** After how many packets the next connection is cut. */
  nextCut = Infinity;

  constructor({ offsets = true, recovery = true } = {}) {
    this.offsets = offsets;
    this.recovery = recovery;
  }

  async listen(t) {
    const http = createServer();
    const engine = new Engine();
    engine.attach(http, { path: "/socket.io/" });
    engine.on("connection", (connection) => this.peers.push(new Peer(this, connection)));
    await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${http.address().port}`;
    t.after(async () => {
      engine.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    });
    return this;
  }

  get peer() {
    return this.peers.at(-1);
  }

  token(place = this.#place, count = 0) {
    const digits = (number, width) => (number === 0 ? "" : String(number)).padStart(width, "-");
    return `e${String(this.#epoch).padStart(3, "0")}${place === 0 ? NO_PLACE : String(place).padStart(8, "0")}${digits(count, 4)}`;
  }

  /** Publishes to channels, in one place of the order, and returns its position. */
  publish(names, ...data) {
    const place = ++this.#place;
    for (const name of [names].flat()) this.history(name).kept.push({ place, data });
    for (const peer of this.peers) {
      if (peer.isOpen && [names].flat().some((name) => peer.channels.has(name))) peer.event(place, data);
    }
    return this.token(place);
  }

  history(name) {
    if (!this.histories.has(name)) this.histories.set(name, { kept: [], trimmed: 0 });
    return this.histories.get(name);
  }

  trim(name) {
    this.history(name).trimmed = this.#place;
    this.history(name).kept = [];
  }

  forgetSessions() {
    this.#sessions.clear();
  }

  /** The server starts again, and has forgotten all. */
  restart() {
    for (const peer of this.peers) peer.cut();
    this.#epoch += 1;
    this.forgetSessions();
    this.histories.clear();
  }

  /** Where a token of this epoch is in the order, or undefined. */
  placeOf(token) {
    return token?.startsWith(this.token().slice(0, 4)) ? Number(token.slice(4, 12).replace(/-/g, "0")) : undefined;
  }

  missed(names, after) {
    const all = new Map();
    for (const name of names) {
      for (const entry of this.history(name).kept) if (entry.place > after(name)) all.set(entry.place, entry);
    }
    return [...all.values()].sort((one, other) => one.place - other.place);
  }

  /** The session of a client that comes back, if nothing of it is lost. It is taken out. */
  recover({ pid, offset }) {
    const session = this.#sessions.get(pid);
    this.#sessions.delete(pid);
    if (!session) return undefined;
    const from = this.placeOf(offset) ?? session.began;
    const after = (name) => Math.max(from, session.channels.get(name));
    if ((offset ?? "") < (session.direct ?? "")) return undefined;
    if ([...session.channels.keys()].some((name) => this.history(name).trimmed > after(name))) return undefined;
    return { ...session, missed: this.missed([...session.channels.keys()], after) };
  }

  keep(session) {
    this.#sessions.set(session.pid, session);
  }

  newName(kind) {
    this.#names += 1;
    return `${kind}${this.#names}`;
  }

  /** The answer to `subscribe`, and what it is followed by. */
  join(peer, wanted, options) {
    const names = [wanted].flat();
    const refused = Object.fromEntries(names.filter((name) => name === "secret").map((name) => [name, { message: "members only" }]));
    const joined = names.filter((name) => !(name in refused));
    const outcomes = joined.map((name) => [name, this.#outcome(peer, name, options)]);
    const place = ++this.#place;
    for (const name of joined) if (!peer.channels.has(name)) peer.channels.set(name, place);
    const all = new Map(outcomes.flatMap(([, { entries }]) => entries.map((entry) => [entry.place, entry])));
    const missed = [...all.values()].sort((one, other) => one.place - other.place);
    const { reason } = outcomes.find(([, { reason: why }]) => why !== undefined)?.[1] ?? {};
    const answer = { position: this.token(place), missed: missed.length, recovered: reason === undefined, ...(reason && { reason }) };
    if (options.presence) answer.presence = { version: place, members: [], clients: 1, users: 1 };
    if (!Array.isArray(wanted)) return [answer, missed, refused[wanted]];
    const channels = outcomes.map(([name, { entries, reason: why }]) => (
      [name, { missed: entries.length, recovered: why === undefined, ...(why && { reason: why }) }]
    ));
    return [{ ...answer, channels: Object.fromEntries(channels), refused }, missed];
  }

  #outcome(peer, name, { since, last }) {
    const { kept, trimmed } = this.history(name);
    const from = this.placeOf(since);
    if (peer.channels.has(name)) return { entries: [], reason: "subscribed" };
    if (from !== undefined && trimmed <= from) return { entries: this.missed([name], () => from) };
    const reason = typeof since !== "string" ? "no position" : from === undefined ? "epoch" : "trimmed";
    return { entries: last ? kept.slice(-last) : [], reason };
  }
}

/** One connection. */
class Peer {
  #server;
  #connection;
  #left; // packets until the cut
  #pushed = 0; // the place of the newest publication
  channels = new Map(); // by name, the place in which it was joined
  /** The data of its CONNECT, and its events without their acknowledgements. */
  auth = undefined;
  events = [];
  isOpen = false;

  constructor(server, connection) {
    this.#server = server;
    this.#connection = connection;
    this.#left = server.nextCut;
    server.nextCut = Infinity;
    connection.on("message", (text) => this.#received(text));
    connection.on("close", () => this.#ended());
  }

  /** Sends a publication, or an event for this socket alone. */
  event(place, data, token = this.#server.token(place)) {
    this.#pushed = Math.max(this.#pushed, place);
    this.send(`2${JSON.stringify(this.isStamped ? [...data, token] : data)}`);
  }

  direct(...data) {
    this.count = (this.count ?? 0) + 1;
    this.directToken = this.#server.token(this.#pushed, this.count);
    this.event(this.#pushed, data, this.directToken);
  }

  send(text) {
    if (this.#left === 0) return;
    this.#connection.send(text);
    this.#left -= 1;
    if (this.#left === 0) this.#end();
  }

  sendBytes(bytes) {
    this.#connection.send(bytes);
  }

  /** The next packets arrive, and the connection ends. What is sent after them is lost on its way. */
  cutAfter(packets) {
    this.#left = packets;
    if (packets === 0) this.#end();
  }

  cut() {
    this.cutAfter(0);
  }

  #end() {
    this.#left = 0;
    this.#ended();
    this.#connection.close();
  }

  #ended() {
    if (!this.isOpen) return;
    this.isOpen = false;
    const { sid, pid, channels, began, directToken } = this;
    if (pid) this.#server.keep({ sid, pid, channels, began, direct: directToken });
  }

  #received(text) {
    if (text.startsWith("0")) return this.#connect(text.length > 1 ? JSON.parse(text.slice(1)) : undefined);
    const [, id, json] = /^2(\d*)(.*)$/s.exec(text) ?? [];
    if (json === undefined || !this.isOpen) return;
    const [event, ...args] = JSON.parse(json);
    this.events.push([event, ...args]);
    const ack = (...answer) => id !== "" && this.send(`3${id}${JSON.stringify(answer)}`);
    if (event === "subscribe" && !this.isSilent) this.#subscribe(ack, ...args);
    else if (event === "unsubscribe") {
      this.channels.delete(args[0]);
      ack(null);
    } else if (event === "publish") ack(null);
  }

  #subscribe(ack, wanted, options) {
    const [answer, missed, refused] = this.#server.join(this, wanted, options ?? {});
    if (refused) return ack(refused);
    if (options && Object.keys(options).length > 0) ack(null, answer);
    else ack(null);
    for (const { place, data } of missed) this.event(place, data);
  }

  #connect(auth) {
    const { offsets, recovery } = this.#server;
    this.auth = auth;
    const old = recovery && auth?.pid ? this.#server.recover(auth) : undefined;
    this.sid = old?.sid ?? this.#server.newName("sid");
    if (recovery && (!offsets || auth?.offsets === true)) this.pid = old?.pid ?? this.#server.newName("pid");
    this.began = old?.began ?? this.#server.placeOf(this.#server.token());
    this.directToken = old?.direct;
    this.count = this.directToken ? Number(this.directToken.slice(12).replace(/-/g, "0")) : 0;
    for (const [name, place] of old?.channels ?? []) this.channels.set(name, place);
    this.isOpen = true;
    this.isStamped = offsets && auth?.offsets === true;
    this.send(`0${JSON.stringify({ sid: this.sid, ...(this.pid && { pid: this.pid }), ...(this.isStamped && { offsets: true }) })}`);
    for (const { place, data } of old?.missed ?? []) this.event(place, data);
  }
}
