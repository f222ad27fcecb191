// Support for the tests of this folder: the demo as a process, matches whose only goals are
// reported ones, and pages of a real browser.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { chromium } from "playwright-core";
import { wireTo } from "../recovery/wire.mjs";
import { Packets } from "./packets.mjs";

const { LIVE_SCORES, CHROMIUM } = process.env;
if (!LIVE_SCORES || !CHROMIUM) {
  const needed = "LIVE_SCORES and CHROMIUM must be the paths of the demo and of a browser";
  throw new Error(`${needed} (see tests/live_scores.rs)`);
}

/** The limit of every wait. A longer one is a failure. */
const DEADLINE = 15_000;

/** Options without services that connect to other hosts. */
const BROWSER_ARGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/** Match minutes in a second: hardly a minute of a match passes during a test. */
const SPEED = "0.01";

/** The matches kick off half an hour apart. Of ten a few are on at any time. */
const MATCHES = 10;

/** The promise, or a failure that names what did not come. */
export async function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    const fail = () => reject(new Error(`waited ${DEADLINE} ms in vain for ${what}`));
    timer = setTimeout(fail, DEADLINE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

let browser = null;
after(async () => (await browser)?.close());

/** A test that closes its pages and demos at its end. */
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
  #wires = [];

  async end() {
    for (const page of this.#pages) await page.leave();
    for (const wire of this.#wires) wire.close();
    for (const demo of this.#demos) await demo.stop("SIGKILL");
    rmSync(this.#folder, { recursive: true });
  }

  /**
   * Starts the demo. `goals` has, by match, the scorers of the home team in the first minutes.
   * `options` are those of its command line. With `isReal` the matches are those of the demo.
   */
  async demo({ port = 0, goals = {}, options = [], isReal = false } = {}) {
    const file = path.join(this.#folder, `${this.#demos.length}.json`);
    writeFileSync(file, JSON.stringify(tournament(goals)));
    const demo = new Demo(port, isReal ? options : ["--matches", file, ...options]);
    this.#demos.push(demo);
    await demo.started();
    return demo;
  }

  /** A network between a page and the demo, which can fail. Open the page at it. */
  async wire(demo) {
    const wire = await wireTo(demo.url);
    this.#wires.push(wire);
    return wire;
  }

  /** Opens a page that shows the list. `before` runs in it ahead of its own scripts. */
  async page({ url }, { query = "", before = null } = {}) {
    browser ??= chromium.launch({ executablePath: CHROMIUM, args: BROWSER_ARGS });
    const context = await (await browser).newContext({ viewport: { width: 1280, height: 900 } });
    context.setDefaultTimeout(DEADLINE);
    const page = new Page(await context.newPage());
    this.#pages.push(page);
    if (before) await page.inner.addInitScript(before);
    await page.inner.goto(`${url}/${query}`);
    await page.sees("[data-match]");
    return page;
  }

  /** Checks that no page had an error in its console or a failed request. */
  checkPages() {
    assert.deepEqual(this.#pages.flatMap((page) => page.errors), []);
  }
}

function tournament(goals) {
  const match = (_, at) => {
    const own = goals[`home-${at}-away-${at}`] ?? [];
    return {
      team1: `Home ${at}`,
      team2: `Away ${at}`,
      date: "2022-12-18",
      ground: "Lusail Stadium, Lusail",
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

  constructor(port, options) {
    const args = [`127.0.0.1:${port}`, "--speed", SPEED, ...options];
    this.#child = spawn(LIVE_SCORES, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#exit = once(this.#child, "exit");
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async started() {
    this.url = await within(this.#nextLine(/^open (http:\S+)$/), "the address");
    this.token = await within(this.#nextLine(/^to report a goal, TOKEN=(\S+)$/), "the token");
  }

  get port() {
    return Number(new URL(this.url).port);
  }

  /** The part of the next line of output that the pattern captures. */
  async #nextLine(pattern) {
    const { value = "" } = await this.#lines.next();
    const found = pattern.exec(value);
    assert.ok(found, `${pattern} expected, and not ${JSON.stringify(value)}`);
    return found[1];
  }

  /** Stops the demo. Resolves with its exit code, or null if the signal has killed it. */
  async stop(signal) {
    this.#child.kill(signal);
    const [code] = await within(this.#exit, `the end of the demo after ${signal}`);
    return code;
  }

  /** Reports a goal as `curl` does. Resolves with the published message. */
  async goal(id, report) {
    const response = await fetch(`${this.url}/matches/${id}/goals`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${this.token}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: JSON.stringify(report),
    });
    const text = await response.text();
    assert.equal(response.status, 201, text);
    return JSON.parse(text);
  }
}

/**
 * The console shows each failed request, and without the server all of them fail. A WebSocket may
 * be cut at any point of its handshake, and each has a text of its own.
 */
const SERVER_DOWN =
  /net::ERR_(CONNECTION|EMPTY_RESPONSE|INCOMPLETE|SOCKET)|^WebSocket connection to .* failed/;

class Page {
  constructor(inner) {
    this.inner = inner;
    this.errors = [];
    this.serverMayBeDown = false;
    this.packets = new Packets(inner);
    inner.on("pageerror", (error) => this.errors.push(error.message));
    // A violation of the security policy is such a message, too.
    inner.on("console", (message) => {
      const isBad = ["error", "warning"].includes(message.type());
      const text = message.text();
      const isExpected = this.serverMayBeDown && SERVER_DOWN.test(text);
      if (isBad && !isExpected) this.errors.push(text);
    });
    inner.on("requestfailed", (request) => {
      const { pathname } = new URL(request.url());
      if (pathname !== "/socket.io/") this.errors.push(`failed: ${request.url()}`);
    });
  }

  /** Waits until an element is visible, or only in the page with `state` "attached". */
  async sees(selector, state = "visible") {
    await this.inner.waitForSelector(selector, { state });
  }

  /** The ids of the matches that are on and stay in their phase until the test is over. */
  async playing() {
    const rows = await this.inner.$$eval("[data-match]", (all) => (
      all.map((row) => {
        const { minute } = row.querySelector("[data-minute]").dataset;
        return { id: row.dataset.match, minute };
      })
    ));
    const isBetween = (minute, first, last) => minute >= first && minute <= last;
    const isQuiet = ({ minute }) =>
      /^\d+$/.test(minute) && (isBetween(minute, 5, 40) || isBetween(minute, 50, 85));
    return rows.filter(isQuiet).map(({ id }) => id);
  }

  /** Follows a match, and waits until the panel shows all its events. */
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
    const selector = "[data-panel] [data-event='goal'] .what";
    return this.inner.$$eval(selector, (all) => all.map((each) => each.textContent));
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
