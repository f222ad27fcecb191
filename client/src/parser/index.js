export { Decoder } from "./decoder.js";
export { Encoder } from "./encoder.js";
export { PacketType, protocol } from "./packet.js";
