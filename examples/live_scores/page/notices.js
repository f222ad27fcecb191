// Notices beside the matches: the state of the connection, and new goals.

import { byId, goalText, put } from "./dom.js";

const CONNECTION = {
  connecting: "Connecting…",
  connected: "Live",
  reconnecting: "Reconnecting…",
  disconnected: "Offline",
};
const TRANSPORT = { polling: "HTTP polling", websocket: "WebSocket" };
const TOAST = 6000; // ms

/** The badge at the top. Without a connection the matches are shown as out of date. */
export function showConnection(state, transport) {
  const node = byId("connection");
  node.dataset.connection = state;
  node.dataset.transport = (state === "connected" && transport) || "";
  const parts = [CONNECTION[state], TRANSPORT[node.dataset.transport]];
  put(node, ".connection-text", parts.filter(Boolean).join(" · "));
  byId("main").dataset.stale = state !== "connected";
}

let bannerTimer;

/** Shows a text above the list, for good or for a while. An empty text hides it. */
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

/** Hides the banner if it shows this text. */
export function hideBanner(text) {
  if (text && byId("banner").querySelector("p").textContent === text) showBanner("");
}

let toastTimer;

/** Announces a new goal, on the screen and to screen readers. */
export function announceGoal({ home, away, score }, event) {
  const who = goalText(event) + (event.minute ? `, ${event.minute}′` : "");
  const toast = byId("toast");
  put(toast, ".toast-text", `${home} ${score.join("–")} ${away} · ${who}`);
  toast.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (toast.hidden = true), TOAST);
  byId("spoken").textContent = `Goal! ${home} ${score[0]}, ${away} ${score[1]}. ${who}`;
}
