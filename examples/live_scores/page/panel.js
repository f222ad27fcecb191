// The followed match: beside the list on a wide screen, below its row on a narrow one.

import { byId, flash, goalText, inPlace, put, putScore, stamp, watching } from "./dom.js";
import { rowOf } from "./list.js";
import { showReport } from "./report.js";
import { group, kickOffText } from "./state.js";

const PHASES = {
  scheduled: "To come", first_half: "First half", half_time: "Half-time", second_half: "Second half",
  extra_break: "Extra time is coming", extra_first: "Extra time, first half",
  extra_second: "Extra time, second half", shoot_out: "Penalty shoot-out", full_time: "Full time",
};
const EVENTS = {
  ...PHASES,
  first_half: "Kick-off",
  extra_break: "End of normal time",
  extra_first: "Extra time",
};

let panel = null;
const wide = matchMedia("(min-width: 60rem)");
wide.addEventListener("change", place);

/** Opens the panel of a match in place of another's. */
export function openPanel(board, match, onClose) {
  inPlace(rowOf(match.id), () => {
    closePanel();
    panel = stamp("panel-template");
    panel.dataset.panel = match.id;
    panel.setAttribute("aria-label", `${match.home} v ${match.away}`);
    panel.querySelector(".close").addEventListener("click", onClose);
    showPanel(board, match);
    place();
  });
}

export function closePanel() {
  if (panel) panel.remove();
  panel = null;
  byId("nothing").hidden = false;
}

function place() {
  if (!panel) return;
  byId("nothing").hidden = true;
  const row = rowOf(panel.dataset.panel);
  (wide.matches || !row ? byId("side") : row).append(panel);
}

const isShown = (match) => panel !== null && panel.dataset.panel === match.id;

/** Updates the panel, if it shows this match. */
export function showPanel(board, match) {
  if (!isShown(match)) return;
  panel.dataset.state = group(match);
  put(panel, ".cup", match.stage);
  put(panel, ".date", dateText(match.date));
  put(panel, ".name.home", match.home);
  put(panel, ".name.away", match.away);
  putScore(panel, match);
  showPhase(board, match);
  put(panel, ".place", match.ground);
  const watchers = board.watching(match);
  put(panel, ".facts .watching", watching(watchers)).dataset.watchers = watchers;
  showCourse(match);
  showEvents(match);
  showReport(panel, board, match);
}

/** Updates the phase, in which a match that is to come has a countdown. */
export function showPhase(board, match) {
  if (!isShown(match)) return;
  const ms = board.untilKickOff(match);
  put(panel, ".phase", phaseText(match) + (ms === null ? "" : ` · ${kickOffText(ms)}`));
}

export function flashPanel(match, side) {
  if (isShown(match)) flash(panel, side);
}

/** Shows the reason why the match cannot be shown. */
export function showProblem(text) {
  if (panel) put(panel, ".problem", text).hidden = false;
}

function phaseText({ phase, minute, extra_time, penalties }) {
  const after = phase === "full_time" && extra_time ? " after extra time" : "";
  const kicks = penalties ? `, ${penalties.join("–")} on penalties` : "";
  return (minute && `${minute}′ · `) + PHASES[phase] + after + kicks;
}

/** "2022-12-18" as readable text. A text that is not a date stays unchanged. */
function dateText(date) {
  const day = /^\d{4}-\d\d-\d\d$/.test(date) ? new Date(`${date}T12:00:00Z`) : NaN;
  if (isNaN(day)) return date;
  return day.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
}

/** Draws the line from the kick-off to the end, with a mark for each goal. */
function showCourse(match) {
  const line = panel.querySelector(".course");
  const length = match.extra_time ? 120 : 90;
  const at = (minute) => `${(Math.min(parseInt(minute, 10) || 0, length) / length) * 100}%`;
  const stopped = { scheduled: 0, half_time: 45, extra_break: 90 }[match.phase] ?? length;
  line.querySelector(".played").style.setProperty("width", at(match.minute || stopped));
  for (const mark of line.querySelectorAll(".mark")) mark.remove();
  for (const event of match.events) {
    if (event.kind !== "goal" || !event.minute) continue;
    const mark = document.createElement("span");
    mark.classList.add("mark", event.side === "home" ? "home" : "away");
    mark.style.setProperty("left", at(event.minute));
    line.append(mark);
  }
}

function showEvents(match) {
  const list = panel.querySelector("[data-events]");
  const isComplete = match.eventsUntil >= 0;
  const hasBeen = list.dataset.complete === "true";
  list.dataset.complete = isComplete;
  if (!isComplete) return; // the old events stay until the server sends all of them
  const wanted = new Set(match.events.map(keyOf));
  for (const item of [...list.children]) if (!wanted.has(item.key)) item.remove();
  const shown = new Map([...list.children].map((item) => [item.key, item]));
  const latestFirst = [...match.events].reverse();
  for (const [at, event] of latestFirst.entries()) {
    const item = shown.get(keyOf(event)) || eventItem(event, hasBeen);
    // An event in its place is not touched.
    if (list.children[at] !== item) list.insertBefore(item, list.children[at] || null);
  }
}

/**
 * The identity of an event: all its fields. The version alone is not enough, since another event
 * may have it after a restart of the server.
 */
const keyOf = (event) => JSON.stringify(event);

function eventItem(event, isNew) {
  const item = stamp("event-template");
  item.classList.toggle("new", isNew);
  const isGoal = event.kind === "goal";
  item.key = keyOf(event);
  item.dataset.event = isGoal ? "goal" : event.phase;
  item.dataset.side = event.side || "";
  put(item, ".at", isGoal && event.minute ? `${event.minute}′` : "");
  put(item, ".what", isGoal ? goalText(event) : EVENTS[event.phase] || event.phase);
  put(item, ".then", event.score.join("–"));
  return item;
}
