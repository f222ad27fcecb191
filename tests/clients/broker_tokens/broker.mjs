// A broker with a configuration, official clients of it, and tokens that Node makes.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const { BROKER } = process.env;
if (!BROKER) throw new Error("BROKER must be the path of the program (see crates/broker/tests/tokens.rs)");

/** The limit of every wait. A longer one is a failure. */
const DEADLINE = 60_000;

export function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), DEADLINE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A folder that is gone after the test. */
async function folderOf(t) {
  const folder = await mkdtemp(join(tmpdir(), "tokens-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

/** Runs a broker with a configuration, and files beside it, until the end of the test. */
export async function broker(t, config, files = {}) {
  const folder = await folderOf(t);
  const write = (name, text) => writeFile(join(folder, name), text);
  const configure = (text) => write("broker.toml", `address = "127.0.0.1:0"\n${text}`);
  for (const [name, text] of Object.entries(files)) await write(name, text);
  await configure(config);
  const env = { PATH: process.env.PATH };
  const stdio = ["ignore", "ignore", "pipe"];
  const child = spawn(BROKER, ["serve", "-c", "broker.toml"], { cwd: folder, env, stdio });
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const log = [];
  const lines = createInterface({ input: child.stderr });
  lines.on("line", (line) => log.push(line));
  /** Waits for a line behind the first `from` ones that has the text. */
  const logged = (text, from = 0) => within((async () => {
    for (;;) {
      const line = log.slice(from).find((line) => line.includes(text));
      if (line) return line;
      await once(lines, "line");
    }
  })(), `${text} in ${log.join("\n")}`);
  const [, url] = /(http:\S+)\/socket.io/.exec(await logged("listening on"));
  /** Sends SIGHUP, and waits for a line of the log. */
  const reload = async (text) => {
    const from = log.length;
    child.kill("SIGHUP");
    await logged(text, from);
  };
  return { url, log, logged, reload, configure, write };
}

/** A client that is let in. */
export async function enter(t, url, token, options = {}) {
  const socket = io(url, { auth: token ? { token } : {}, forceNew: true, reconnection: false, ...options });
  t.after(() => socket.close());
  const refused = once(socket, "connect_error").then(([error]) => {
    throw error;
  });
  refused.catch(() => {}); // it is let in
  await within(Promise.race([once(socket, "connect"), refused]), "the connection");
  return socket;
}

/** What a client reads that is not let in. */
export async function refusal(t, url, token) {
  const error = await enter(t, url, token).then(() => assert.fail("it was let in"), (error) => error);
  return error.message;
}

/** The answer to a request: `null`, or the text of the refusal. */
export async function ask(socket, ...request) {
  const [answer] = await new Promise((resolve, reject) => {
    within(new Promise((done) => socket.emit(...request, (...args) => done(args))), request[0])
      .then(resolve, reject);
  });
  return answer?.message ?? answer;
}

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A key of an algorithm: the text for the broker, and how tokens are signed with it. */
export function key(algorithm) {
  if (algorithm === "HS256") {
    const secret = part(crypto.randomUUID() + crypto.randomUUID());
    return { text: secret, sign: (data) => createHmac("sha256", secret).update(data).digest() };
  }
  const kinds = {
    RS256: ["rsa", { modulusLength: 2048 }],
    ES256: ["ec", { namedCurve: "P-256" }],
    EdDSA: ["ed25519", {}],
  };
  const { publicKey, privateKey } = generateKeyPairSync(...kinds[algorithm]);
  const digest = algorithm === "EdDSA" ? null : "sha256";
  return {
    text: publicKey.export({ type: "spki", format: "pem" }),
    sign: (data) => sign(digest, Buffer.from(data), { key: privateKey, dsaEncoding: "ieee-p1363" }),
  };
}

/** A token for an hour. */
export function token({ algorithm = "HS256", key, kid, ...claims }) {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const data = `${part({ alg: algorithm, typ: "JWT", kid })}.${part({ exp, ...claims })}`;
  return `${data}.${key.sign(data).toString("base64url")}`;
}
