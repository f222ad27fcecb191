import { Emitter } from "../emitter.js";
import { DATA_CHECKS, WITHOUT_ATTACHMENTS } from "./packet.js";

const HEAD = /^(.?)(?:(\/[^,]*),?)?(\d*)/;
const BINARY_HEAD = /^([56])(\d+)-(?:(\/[^,]*),?)?(\d*)/;

/**
 * Reads packets, and emits "decoded" for each that is whole.
 * add() throws if a packet is invalid. Then nothing that follows can be understood.
 */
export class Decoder extends Emitter {
  #packet; // that waits for attachments
  #attachments = [];

  add(chunk) {
    if (typeof chunk !== "string") return this.#attach(chunk);
    if (this.#packet) throw new Error("text where a binary attachment is due");
    const { attachments, ...packet } = parse(chunk);
    if (attachments === 0) return this.emitReserved("decoded", finish(packet, []));
    this.#packet = packet;
    this.#packet.missing = attachments;
  }

  #attach(bytes) {
    if (!this.#packet) throw new Error("a binary attachment without a packet");
    this.#attachments.push(bytes);
    this.#packet.missing -= 1;
    if (this.#packet.missing > 0) return;
    const { missing, ...packet } = this.#packet;
    const attachments = this.#attachments;
    this.destroy();
    this.emitReserved("decoded", finish(packet, attachments));
  }

  /** Forgets a packet that is not whole. */
  destroy() {
    this.#packet = undefined;
    this.#attachments = [];
  }
}

function parse(text) {
  const isBinary = WITHOUT_ATTACHMENTS[text[0]] !== undefined;
  const found = (isBinary ? BINARY_HEAD : HEAD).exec(text);
  if (!found) throw new Error("a binary packet without the number of its attachments");
  if (!isBinary) found.splice(2, 0, "0");
  const [head, type, attachments, nsp = "/", id] = found;
  if (!DATA_CHECKS[type]) throw new Error(`unknown packet type: ${type}`);
  const data = head.length === text.length ? undefined : JSON.parse(text.slice(head.length));
  if (!DATA_CHECKS[type](data)) throw new Error(`invalid payload in a packet of type ${type}`);
  return { type: Number(type), nsp, id: id === "" ? undefined : number(id), data, attachments: Number(attachments) };
}

/** Servers may count beyond the integers of JavaScript. Their ids go back as they came. */
const number = (id) => (Number.isSafeInteger(Number(id)) ? Number(id) : id);

function finish(packet, attachments) {
  const type = WITHOUT_ATTACHMENTS[packet.type];
  if (type === undefined) return packet;
  return { ...packet, type, data: putBack(packet.data, attachments) };
}

/** The data with the attachments in place of the placeholders. */
function putBack(data, attachments) {
  if (typeof data !== "object" || data === null) return data;
  if (data._placeholder === true) {
    if (!Number.isInteger(data.num) || !(data.num in attachments)) throw new Error("a placeholder for no attachment");
    return attachments[data.num];
  }
  for (const key of Object.keys(data)) data[key] = putBack(data[key], attachments);
  return data;
}
