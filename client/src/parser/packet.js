import { isObject } from "../errors.js";

/** The version of the Socket.IO protocol. */
export const protocol = 5;

export const PacketType = {
  CONNECT: 0,
  DISCONNECT: 1,
  EVENT: 2,
  ACK: 3,
  CONNECT_ERROR: 4,
  BINARY_EVENT: 5,
  BINARY_ACK: 6,
};

const RESERVED = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

export const isReserved = (name) => RESERVED.includes(name);

export const isEventName = (name) => typeof name === "number" || (typeof name === "string" && !isReserved(name));

const { CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR, BINARY_EVENT, BINARY_ACK } = PacketType;
const isEvent = (data) => Array.isArray(data) && isEventName(data[0]);

/** Whether the data of a server's packet fits its type. */
export const DATA_CHECKS = {
  [CONNECT]: (data) => isObject(data) && typeof data.sid === "string",
  [DISCONNECT]: (data) => data === undefined,
  [EVENT]: isEvent,
  [ACK]: Array.isArray,
  [CONNECT_ERROR]: (data) => isObject(data) || typeof data === "string",
  [BINARY_EVENT]: isEvent,
  [BINARY_ACK]: Array.isArray,
};

/** Packets that binary attachments follow, and the type of each without them. */
export const WITHOUT_ATTACHMENTS = { [BINARY_EVENT]: EVENT, [BINARY_ACK]: ACK };
export const WITH_ATTACHMENTS = { [EVENT]: BINARY_EVENT, [ACK]: BINARY_ACK };
