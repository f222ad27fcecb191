// examples/cluster/run, with clients and browsers at each of its servers and at nginx.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { io as connect } from "socket.io-client";

const { RUN, CHROMIUM } = process.env;
if (!RUN || !CHROMIUM) {
  throw new Error("RUN and CHROMIUM must be the paths of the script and of a browser");
}

/** The limit of every wait. A longer one is a failure. */
const DEADLINE = 60_000;
const BROWSER_ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"];

let run, urls, token, browser;

function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), DEADLINE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

before(async () => {
  run = spawn(RUN, [], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(run, "exit").then(([code]) => {
    throw new Error(`the script has ended with ${code}`);
  });
  ended.catch(() => {}); // it ends after the tests
  urls = {};
  const read = async () => {
    for await (const line of createInterface({ input: run.stdout })) {
      const [, name, url] = /^(?:open|\s+(one|two|node)) +(http:\S+)/.exec(line) ?? [];
      if (url) urls[name ?? "nginx"] = url;
      token ??= /TOKEN=(\w+)/.exec(line)?.[1];
      if (line.startsWith("Ctrl-C")) return;
    }
  };
  await within(Promise.race([read(), ended]), "the script");
  browser = await chromium.launch({ executablePath: CHROMIUM, args: BROWSER_ARGS });
});

after(async () => {
  await browser?.close();
  run?.kill("SIGKILL");
});

/** A client that is subscribed to all goals: its `list` of matches, and the goals that it gets. */
async function client(url, transports) {
  const socket = connect(url, { transports, forceNew: true });
  const goals = [];
  socket.on("goal", (goal) => goals.push(goal));
  const list = new Promise((resolve) => socket.on("matches", resolve));
  const refusal = await within(socket.emitWithAck("subscribe", "goals"), `an answer of ${url}`);
  assert.equal(refusal, null);
  const goal = (scorer) => within((async () => {
    for (;;) {
      const found = goals.find(({ event }) => event.scorer === scorer);
      if (found) return found;
      await once(socket, "goal");
    }
  })(), `a goal at ${url}`);
  return { socket, goal, list: await within(list, `the matches of ${url}`) };
}

async function page(url) {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(DEADLINE);
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(url);
  await page.waitForSelector('#connection[data-connection="connected"]');
  await page.waitForSelector("[data-match]");
  return { page, errors };
}

/** Reports a goal in a match that is on, and gives its id and its score. */
async function report(url, scorer) {
  for (;;) {
    const { socket, list } = await client(url, ["websocket"]);
    socket.close();
    for (const { id } of list.matches.filter(({ minute }) => minute !== "")) {
      const response = await fetch(`${url}/matches/${id}/goals`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({ team: "home", scorer }),
      });
      const answer = await response.json();
      if (response.status === 201) return { id, score: answer.score };
      // It has its break, or is over.
      assert.equal(response.status, 409, JSON.stringify(answer));
    }
  }
}

/** Whether a score has a goal, and perhaps more that have fallen since. */
const has = (score, [home, away]) => score[0] >= home && score[1] >= away;

test("a goal that one server gets is seen at all three, and through nginx", async () => {
  assert.deepEqual(Object.keys(urls).sort(), ["nginx", "node", "one", "two"]);
  const websocket = Object.values(urls).map((url) => client(url, ["websocket"]));
  // Without a cookie, each request of a poll would go elsewhere at nginx.
  const polling = ["one", "two", "node"].map((name) => client(urls[name], ["polling"]));
  const clients = await Promise.all([...websocket, ...polling]);
  const pages = await Promise.all(Object.values(urls).map(page));

  const { id, score } = await report(urls.two, "Ann O.");
  for (const client of clients) assert.deepEqual((await client.goal("Ann O.")).score, score);
  for (const { page, errors } of pages) {
    await page.waitForFunction(([id, score]) => {
      const shown = document.querySelector(`[data-match="${id}"] > button [data-score]`);
      const [home, away] = shown.dataset.score.split("-").map(Number);
      return home >= score[0] && away >= score[1];
    }, [id, score]);
    assert.deepEqual(errors, []);
  }
  // A new client of each server has it in its first message.
  for (const url of Object.values(urls)) {
    const { list, socket } = await client(url, ["websocket"]);
    assert.ok(has(list.matches.find((it) => it.id === id).score, score), url);
    socket.close();
  }
  for (const { socket } of clients) socket.close();
});

test("Ctrl-C stops all of it", async () => {
  const exit = once(run, "exit");
  run.kill("SIGINT");
  assert.deepEqual(await within(exit, "the script's end"), [0, null]);
  for (const url of Object.values(urls)) await assert.rejects(fetch(url), url);
});
