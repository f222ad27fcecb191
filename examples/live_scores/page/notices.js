// What the page says besides the matches: how the connection is, and that a goal has fallen.

import { byId, goalText, put } from "./dom.js";

const CONNECTION = { connecting: "Connecting…", connected: "Live", reconnecting: "Reconnecting…", disconnected: "Offline" };
const TRANSPORT = { polling: "HTTP polling", websocket: "WebSocket" };
const TOAST = 6000; // ms

/** The badge at the top; while there is no connection, what is shown of the matches looks old. */
export function showConnection(state, transport) {
  const node = byId("connection");
  node.dataset.connection = state;
  node.dataset.transport = (state === "connected" && transport) || "";
  put(node, ".connection-text", [CONNECTION[state], TRANSPORT[node.dataset.transport]].filter(Boolean).join(" · "));
  byId("main").dataset.stale = state !== "connected";
}

let bannerTimer;

/** Says something above the list: for good, or for a while. An empty text takes it away. */
export function showBanner(text, { kind = "problem", ms = 0, onAgain = null } = {}) {
  const banner = byId("banner");
  clearTimeout(bannerTimer);
  banner.hidden = !text;
  banner.dataset.kind = kind;
  put(banner, "p", text);
  const again = banner.querySelector("button");
  again.hidden = !onAgain;
  again.onclick = onAgain;
  if (ms) bannerTimer = setTimeout(() => (banner.hidden = true), ms);
}

let toastTimer;

/** A goal that has just fallen, for those who see and for those who hear. */
export function announceGoal({ home, away, score }, event) {
  const who = goalText(event) + (event.minute ? `, ${event.minute}′` : "");
  const toast = byId("toast");
  put(toast, ".toast-text", `${home} ${score.join("–")} ${away} · ${who}`);
  toast.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (toast.hidden = true), TOAST);
  byId("spoken").textContent = `Goal! ${home} ${score[0]}, ${away} ${score[1]}. ${who}`;
}
