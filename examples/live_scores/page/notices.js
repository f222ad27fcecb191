// Notices beside the matches: the state of the connection, and new goals.

import { byId, goalLine, put, whoAndWhen } from "./dom.js";

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
  if (state !== "connected") byId("here").hidden = true;
}

let bannerTimer;

/**
 * Shows a text above the list, for good or for a while, and goals that were missed. An empty text
 * hides it. `isWhole` is false if something is missing.
 */
export function showBanner(text, { kind = "problem", ms = 0, isWhole = true, goals = [], onAgain = null } = {}) {
  const banner = byId("banner");
  clearTimeout(bannerTimer);
  banner.hidden = !text;
  banner.dataset.kind = kind;
  banner.dataset.whole = isWhole;
  put(banner, "p", text);
  banner.querySelector("ul").replaceChildren(...goals.map(goalItem));
  const again = banner.querySelector("button");
  again.hidden = !onAgain;
  again.onclick = onAgain;
  if (ms) bannerTimer = setTimeout(() => (banner.hidden = true), ms);
}

function goalItem(goal) {
  const item = document.createElement("li");
  item.textContent = goalLine(goal);
  return item;
}

/** How many have the page open. Without a connection it is not known. */
export function showHere(users) {
  put(byId("here"), "span", users);
  byId("here").hidden = false;
}

/** Hides the banner if it shows this text. */
export function hideBanner(text) {
  if (text && byId("banner").querySelector("p").textContent === text) showBanner("");
}

let toastTimer;

/** Announces a new goal, on the screen and to screen readers. */
export function announceGoal(goal) {
  const { home, away, score, event } = goal;
  const toast = byId("toast");
  put(toast, ".toast-text", goalLine(goal));
  toast.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (toast.hidden = true), TOAST);
  byId("spoken").textContent = `Goal! ${home} ${score[0]}, ${away} ${score[1]}. ${whoAndWhen(event)}`;
}
