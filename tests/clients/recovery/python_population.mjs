import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { until } from "../client_api/within.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The clients of python_clients.py, in a process of their own. */
export class PythonPopulation {
  #process;
  #lines = [];
  drops = 0;

  constructor(wires, channels) {
    this.#process = spawn(here("../.venv/bin/python"), [here("python_clients.py")], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    createInterface({ input: this.#process.stdout }).on("line", (line) => this.#lines.push(line));
    this.#process.stdin.on("error", () => {});
    this.#process.stdin.write(`${JSON.stringify({ urls: wires.map((wire) => wire.url), channels })}\n`);
  }

  async #until(holds, what, limit) {
    await until(() => {
      if (this.#process.exitCode) throw new Error(`the Python clients ended before ${what}`);
      return holds();
    }, what, limit);
  }

  ready(limit) {
    return this.#until(() => this.#lines.includes("ready"), "the subscriptions in Python", limit);
  }

  /** Whether all channels have brought a last message to all clients. */
  get isFinished() {
    return this.#lines.includes("finished");
  }

  /** The reports of all clients, which end then. */
  async report(limit) {
    this.#process.stdin.end("report\n");
    const found = () => this.#lines.find((line) => line.startsWith("["));
    await this.#until(() => found() !== undefined, "the reports from Python", limit);
    return JSON.parse(found());
  }

  close() {
    this.#process.kill("SIGKILL");
  }
}
