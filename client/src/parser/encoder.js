import { isBinary } from "../binary.js";
import { WITH_ATTACHMENTS } from "./packet.js";

/** Writes packets: `type [attachments "-"] [namespace ","] [id] [JSON]`, then the attachments. */
export class Encoder {
  encode({ type, nsp, data, id }) {
    const attachments = [];
    const json = data === undefined ? "" : JSON.stringify(data, WITH_ATTACHMENTS[type] && takeOut(attachments));
    const isBinaryPacket = attachments.length > 0;
    const head = isBinaryPacket ? `${WITH_ATTACHMENTS[type]}${attachments.length}-` : `${type}`;
    const namespace = nsp && nsp !== "/" ? `${nsp},` : "";
    return [head + namespace + (id ?? "") + json, ...attachments];
  }
}

/** A replacer for JSON that moves bytes to `attachments`, and leaves placeholders. */
function takeOut(attachments) {
  return function replacer(key, value) {
    // The value in `this` has not gone through toJSON(), which some byte arrays have.
    const bytes = [this[key], value].find((each) => typeof each === "object" && each !== null && isBinary(each));
    if (bytes === undefined) return value;
    return { _placeholder: true, num: attachments.push(bytes) - 1 };
  };
}
