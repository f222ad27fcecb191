// Measures how much of what is published reaches clients whose links break, as a table:
//
//     RECOVERY_PATTERN="--seconds 160 --kinds websocket=200" cargo test --test recovery everything -- --nocapture
//
// The server is tests/recovery/app.rs at SERVER_URL, beside Node's own with the same application, with
// recovery and without. The pattern is the one of AnyCable's published benchmark, with links that break without a sign (half-open), that
// fall silent, and that break in the middle of what is replayed, with a quiet channel, and with
// volatile events that end with a string. It counts doubled and reordered messages, too.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { controlOf } from "./control.mjs";
import { table, violations } from "./judge.mjs";
import { run } from "./run.mjs";

/** Heartbeats that are fast enough to notice a silent link. */
const HEARTBEAT = { pingInterval: 1_000, pingTimeout: 2_000 };

/** Node's server, in a process of its own. */
async function startNode(options = {}) {
  const program = fileURLToPath(new URL("node_app.mjs", import.meta.url));
  const node = spawn(process.execPath, [program, JSON.stringify({ ...HEARTBEAT, ...options })], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = await once(node.stdout, "data");
  return { url: line.toString().trim(), close: () => node.stdin.end() };
}

/** The summaries of one server: `ours`, `node`, or `node-default`, which is Node's without recovery. */
async function measure(server, { restarts, ...pattern }) {
  const { SERVER_URL: url, SERVER_AFTER_RESTART: restarted } = process.env;
  if (server === "ours") {
    const rows = await run({ server, url, restarted: restarts ? restarted : undefined, ...pattern });
    console.log(`${JSON.stringify(await controlOf(restarts ? restarted : url)("reasons"))}\n`);
    return rows;
  }
  const node = await startNode({ recovery: server === "node" });
  try {
    return await run({ server, url: node.url, ...pattern });
  } finally {
    node.close();
  }
}

const OPTIONS = {
  servers: { type: "string", default: "ours,node,node-default" },
  /** Whether our server restarts halfway: the one at SERVER_AFTER_RESTART takes its place. */
  restarts: { type: "boolean", default: false },
  /** How many clients of each kind of population.mjs and python_population.mjs. */
  kinds: { type: "string", default: "websocket=100,polling=20,upgrading=20,python=40,ours=20,ours_polling=10,add-on=20" },
  seconds: { type: "string", default: "30" },
  /** Milliseconds from one message to the next. */
  every: { type: "string", default: "100" },
  /** Milliseconds from one fault of a client to the next. */
  between: { type: "string", default: "1000-3000" },
  /** Milliseconds before a client tries again. */
  delay: { type: "string", default: "200" },
  seed: { type: "string", default: "1" },
};

/** `"python=40"` */
function countOf(text) {
  const [kind, count] = text.split("=");
  return [kind.replaceAll("_", " "), Number(count)];
}

async function main() {
  const { values } = parseArgs({ options: OPTIONS });
  const every = Number(values.every);
  const pattern = {
    kinds: Object.fromEntries(values.kinds.split(",").map(countOf)),
    messages: Math.round((Number(values.seconds) * 1000) / every),
    every,
    between: values.between.split("-").map(Number),
    delay: Number(values.delay),
    seed: Number(values.seed),
    restarts: values.restarts,
  };
  const rows = [];
  for (const server of values.servers.split(",")) rows.push(...(await measure(server, pattern)));
  console.log(table(rows));
  const broken = violations(rows.filter(({ server }) => server === "ours"));
  for (const line of broken) console.error(line);
  process.exit(broken.length > 0 ? 1 : 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
