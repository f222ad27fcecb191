// What the tests of this folder stand on: the demo as a process of its own, matches of which nobody scores in but those
// who report a goal, and pages of a real browser.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { chromium } from "playwright-core";

const { LIVE_SCORES, CHROMIUM } = process.env;
if (!LIVE_SCORES || !CHROMIUM) {
  throw new Error("LIVE_SCORES and CHROMIUM must be the paths of the demo and of a browser (see tests/live_scores.rs)");
}

/** No wait is longer than this; it is a verdict, not a pause. */
const DEADLINE = 15_000;

/** What a loopback server needs, and nothing that calls home. */
const BROWSER_ARGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

/** Match minutes in a second: in the time that a test takes, hardly a minute of a match passes. */
const SPEED = "0.01";

/** The matches kick off half an hour apart, so of so many a few are on at any time, some are over, and some to come. */
const MATCHES = 10;

/** The promise, or a failure that says what was waited for. */
async function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${DEADLINE} ms in vain for ${what}`)), DEADLINE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

let browser = null;
after(async () => (await browser)?.close());

/** A test whose pages and demos end with it. */
export function scenario(name, body) {
  test(name, { timeout: 4 * DEADLINE }, async () => {
    const scope = new Scope();
    try {
      await body(scope);
      scope.checkPages();
    } finally {
      await scope.end();
    }
  });
}

class Scope {
  #folder = mkdtempSync(path.join(tmpdir(), "live_scores-"));
  #demos = [];
  #pages = [];

  async end() {
    for (const page of this.#pages) await page.leave();
    for (const demo of this.#demos) await demo.stop("SIGKILL");
    rmSync(this.#folder, { recursive: true });
  }

  /** The demo, listening. `goals` has, by match, those who have scored for the home team in its first minutes. */
  async demo({ port = 0, goals = {} } = {}) {
    const file = path.join(this.#folder, `${this.#demos.length}.json`);
    writeFileSync(file, JSON.stringify(tournament(goals)));
    const demo = new Demo(file, port);
    this.#demos.push(demo);
    await demo.started();
    return demo;
  }

  /** A page that shows the list. `before` runs in it ahead of its own scripts. */
  async page(demo, { query = "", before = null } = {}) {
    browser ??= chromium.launch({ executablePath: CHROMIUM, args: BROWSER_ARGS });
    const context = await (await browser).newContext({ viewport: { width: 1280, height: 900 } });
    context.setDefaultTimeout(DEADLINE);
    const page = new Page(await context.newPage());
    this.#pages.push(page);
    if (before) await page.inner.addInitScript(before);
    await page.inner.goto(`${demo.url}/${query}`);
    await page.sees("[data-match]");
    return page;
  }

  /** That no page had anything to complain of, though a test may have looked elsewhere. */
  checkPages() {
    assert.deepEqual(this.#pages.flatMap((page) => page.complaints), []);
  }
}

function tournament(goals) {
  const match = (_, at) => {
    const own = goals[`home-${at}-away-${at}`] ?? [];
    return {
      team1: `Home ${at}`, team2: `Away ${at}`, date: "2022-12-18", ground: "Lusail Stadium, Lusail",
      score: { ft: [own.length, 0] },
      goals1: own.map((name, index) => ({ name, minute: index + 1 })),
    };
  };
  return { name: "Cup", matches: Array.from({ length: MATCHES }, match) };
}

class Demo {
  #child;
  #exit;
  #lines;

  constructor(file, port) {
    const args = [`127.0.0.1:${port}`, "--speed", SPEED, "--matches", file];
    this.#child = spawn(LIVE_SCORES, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#exit = once(this.#child, "exit");
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async started() {
    this.url = await within(this.#told(/^open (http:\S+)$/), "the address");
    this.token = await within(this.#told(/^to report a goal, TOKEN=(\S+)$/), "the token");
  }

  get port() {
    return Number(new URL(this.url).port);
  }

  /** What the next line tells. */
  async #told(pattern) {
    const { value = "" } = await this.#lines.next();
    const found = pattern.exec(value);
    assert.ok(found, `${pattern} expected, and not ${JSON.stringify(value)}`);
    return found[1];
  }

  /** Ends it. Resolves with the exit code when it is gone, null after a signal that allows of none. */
  async stop(signal) {
    this.#child.kill(signal);
    const [code] = await within(this.#exit, `the end of the demo after ${signal}`);
    return code;
  }

  /** Reports a goal as `curl` does. Resolves with what the pages were told. */
  async goal(id, report) {
    const response = await fetch(`${this.url}/matches/${id}/goals`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/x-www-form-urlencoded" },
      body: JSON.stringify(report),
    });
    const text = await response.text();
    assert.equal(response.status, 201, text);
    return JSON.parse(text);
  }
}

/** The console tells of each request that fails, and while the server is away they all do. */
const SERVER_AWAY = /net::ERR_(CONNECTION|EMPTY_RESPONSE|INCOMPLETE|SOCKET)/;

class Page {
  constructor(inner) {
    this.inner = inner;
    this.complaints = [];
    this.serverMayBeAway = false;
    inner.on("pageerror", (error) => this.complaints.push(error.message));
    // A violation of the security policy is such a message, too.
    inner.on("console", (message) => {
      const isBad = ["error", "warning"].includes(message.type());
      if (isBad && !(this.serverMayBeAway && SERVER_AWAY.test(message.text()))) this.complaints.push(message.text());
    });
    inner.on("requestfailed", (request) => {
      if (new URL(request.url()).pathname !== "/socket.io/") this.complaints.push(`failed: ${request.url()}`);
    });
  }

  /** Waits until there is such a thing to be seen, or that it is there at all with `state` "attached". */
  async sees(selector, state = "visible") {
    await this.inner.waitForSelector(selector, { state });
  }

  /** The ids of the matches that are on and will still be when the test is over, without a whistle in between. */
  async playing() {
    const rows = await this.inner.$$eval("[data-match]", (all) => (
      all.map((row) => ({ id: row.dataset.match, minute: row.querySelector("[data-minute]").dataset.minute }))
    ));
    const isQuiet = ({ minute }) => /^\d+$/.test(minute) && ((minute >= 5 && minute <= 40) || (minute >= 50 && minute <= 85));
    return rows.filter(isQuiet).map(({ id }) => id);
  }

  /** Follows a match, and waits until all is shown that has happened in it. */
  async follow(id) {
    await this.inner.click(`[data-match="${id}"] > button`);
    await this.sees(`[data-match="${id}"][data-followed="true"]`);
    await this.seesPanel(id);
  }

  async seesPanel(id) {
    await this.sees(`[data-panel="${id}"] [data-events][data-complete="true"]`);
  }

  /** Waits until the list shows a score, as "1-0". */
  async seesScore(id, score) {
    await this.sees(`[data-match="${id}"] > button [data-score="${score}"]`);
  }

  /** The goals in the panel, the latest first. */
  goals() {
    return this.inner.$$eval("[data-panel] [data-event='goal'] .what", (all) => all.map((each) => each.textContent));
  }

  attribute(selector, name) {
    return this.inner.getAttribute(selector, name);
  }

  text(selector) {
    return this.inner.textContent(selector);
  }

  async leave() {
    await this.inner.context().close();
  }
}
