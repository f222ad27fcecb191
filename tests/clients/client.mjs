// The client that the scenarios run with: CLIENT is "official" or "ours". The scenarios are the
// same for both, so a page can have either.

import * as official from "socket.io-client";
import WebSocket from "ws";
import * as ours from "../../client/src/index.js";

const LIBRARIES = { official, ours };
const name = process.env.CLIENT ?? "official";
const library = LIBRARIES[name];
if (!library) throw new Error(`CLIENT is "${name}": ${Object.keys(LIBRARIES)} expected`);

export const isOurs = library === ours;

/** The official client brings its WebSocket for Node.js along. Ours gets the same one. */
export const io = isOurs ? (url, options) => ours.io(url, { WebSocket, ...options }) : official.io;

export const Manager = isOurs
  ? class extends ours.Manager {
    constructor(url, options) {
      super(url, { WebSocket, ...options });
    }
  }
  : official.Manager;

export const { Socket, protocol } = library;

/** What of `auth` is the application's: our client also asks for positions. */
export const ownAuth = ({ offsets, ...auth }) => auth;

/** Browsers have no headers for a WebSocket. In Node.js all transports send them. */
export const sendsHeaders = () => true;
