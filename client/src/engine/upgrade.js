import { failure } from "../errors.js";
import { ENGINE } from "./packets.js";
import { WebSocketTransport } from "./websocket.js";

/**
 * Probes a WebSocket beside polling, and moves to it when no request is in flight any more. By then
 * all packets of the server's polling answers and all posted packets have arrived, so no packet can
 * overtake another.
 */
export class Upgrade {
  #engine;
  #probe;
  #isOver = false;
  /** Whether polling waits for its last requests. */
  isPaused = false;

  constructor(engine) {
    this.#engine = engine;
    this.#probe = new WebSocketTransport(engine._place, engine.opts, engine.id);
  }

  start() {
    const probe = this.#probe;
    const giveUp = (error) => this.#giveUp(error);
    probe.on = {
      opened: () => probe.write([{ data: `${ENGINE.ping}probe` }]),
      packet: (data) => this.#answered(data),
      drained() {},
      failed: giveUp,
      closed: giveUp,
    };
    this.#engine._timers.start("probe", this.#engine.opts.timeout, () => giveUp(new Error("timeout")));
    probe.open();
  }

  /** Ends it without a result, because the session ends. */
  stop() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.isPaused = false;
    this.#engine._timers.stop("probe");
    this.#probe.close();
  }

  #answered(data) {
    if (data !== `${ENGINE.pong}probe` || this.isPaused) return this.#giveUp(new Error("unexpected answer"));
    this.isPaused = true;
    this.#engine.emitReserved("upgrading", this.#probe);
    if (this.#isOver) return;
    this.#engine.transport.pause(() => {
      if (this.#isOver) return;
      if (this.#probe.writable) this.#change();
      else this.#giveUp(new Error("closed"));
    });
  }

  #change() {
    this.#isOver = true;
    this.isPaused = false;
    const engine = this.#engine;
    engine._timers.stop("probe");
    this.#probe.write([{ data: ENGINE.upgrade }]);
    engine.transport.close();
    engine._follow(this.#probe);
  }

  #giveUp(cause) {
    if (this.#isOver) return;
    const wasPaused = this.isPaused;
    this.stop();
    if (wasPaused) this.#engine.transport.resume();
    this.#engine._stay(failure("probe error", { transport: this.#probe.name, description: cause }));
  }
}
