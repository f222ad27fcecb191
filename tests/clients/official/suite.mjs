// The scenarios of a client with our server. They are the same in each mode.

import { describe } from "node:test";
import { isOurs } from "../client.mjs";
import { acks } from "./suite/acks.mjs";
import { channels } from "./suite/channels.mjs";
import { connecting } from "./suite/connecting.mjs";
import { content } from "./suite/content.mjs";
import { ending } from "./suite/ending.mjs";
import { namespaces } from "./suite/namespaces.mjs";
import { presence } from "./suite/presence.mjs";
import { publishing } from "./suite/publishing.mjs";
import { verbs } from "./suite/verbs.mjs";

export function suite(mode) {
  // The limit for all of them. Each wait has a shorter limit of its own.
  describe(`${isOurs ? "our client" : "socket.io-client"}, ${mode}`, { timeout: 240_000 }, () => {
    connecting(mode);
    channels(mode);
    presence(mode);
    publishing(mode);
    verbs(mode);
    acks(mode);
    content(mode);
    namespaces(mode);
    ending(mode);
  });
}
