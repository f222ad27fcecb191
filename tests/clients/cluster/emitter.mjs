// Node's emitter for the classic adapter: `node emitter.mjs <port of Redis> [options as JSON]`.
//
// It prints {"ready":true}. Each line of standard input is a command, and is answered by a line, as
// in node_server.mjs. It ends with its input.

import { createInterface } from "node:readline";
import { Emitter } from "@socket.io/redis-emitter";
import { createClient } from "redis";

import { fromJson, print } from "./lines.mjs";

const [redisPort, json = "{}"] = process.argv.slice(2);
const redis = createClient({ url: `redis://127.0.0.1:${redisPort}` });
redis.on("error", (error) => console.error("redis:", error.message));
await redis.connect();

// The emitter does not wait until Redis has a message. The answer to a command does.
let published = Promise.resolve();
const publisher = {
  publish: (...args) => {
    published = redis.publish(...args);
    return published;
  },
};
const emitter = new Emitter(publisher, JSON.parse(json));

function target({ nsp = "/", rooms = [], except = [], flags = {} }) {
  let target = emitter.of(nsp).to(rooms).except(except);
  if (flags.volatile) target = target.volatile;
  if (flags.compress !== undefined) target = target.compress(flags.compress);
  return target;
}

const verbs = {
  emit: (command) => target(command).emit(...command.args),
  socketsJoin: (command) => target(command).socketsJoin(command.join),
  socketsLeave: (command) => target(command).socketsLeave(command.leave),
  disconnectSockets: (command) => target(command).disconnectSockets(command.close),
  serverSideEmit: ({ nsp = "/", args }) => emitter.of(nsp).serverSideEmit(...args),
};

async function run(line) {
  const { id, verb, ...command } = fromJson(line);
  try {
    if (!verbs[verb]) throw new Error(`unknown verb: ${verb}`);
    verbs[verb](command);
    await published;
    print({ id, value: null });
  } catch (error) {
    print({ id, error: error.message });
  }
}

print({ ready: true });
createInterface({ input: process.stdin }).on("line", run).on("close", () => process.exit());
