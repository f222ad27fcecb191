// The list of all matches: one row each, in three groups.

import { flash, inPlace, put, putScore, stamp, watching, byId } from "./dom.js";
import { countdown, group, inOrder, kickOffText } from "./state.js";

const rows = new Map();

/** The row of a match, if it is on the list. */
export const rowOf = (id) => rows.get(id);

/** Shows all matches, each in its place. */
export function showList(board, followed, onFollow) {
  byId("waiting").hidden = true;
  for (const [id, row] of rows) {
    if (board.matches.has(id)) continue;
    row.remove();
    rows.delete(id);
  }
  for (const match of board.matches.values()) {
    if (!rows.has(match.id)) rows.set(match.id, newRow(match.id, onFollow));
    showRow(board, match);
  }
  inPlace(rows.get(followed), () => {
    for (const section of document.querySelectorAll("[data-group]")) {
      const own = inOrder(board.matches.values(), section.dataset.group).map((match) => rows.get(match.id));
      section.hidden = own.length === 0;
      put(section, ".count", own.length);
      arrange(section.querySelector("ul"), own);
      offerMore(section, own.length);
    }
  });
  markFollowed(followed);
}

function newRow(id, onFollow) {
  const row = stamp("match-template");
  row.dataset.match = id;
  row.querySelector("button").addEventListener("click", () => onFollow(id));
  return row;
}

/** The style sheet shows this many matches of a group, until the reader asks for all. */
const SHORT = 6;

function offerMore(section, length) {
  const more = section.querySelector(".more");
  if (!more) return; // of the matches that are on, all are shown
  more.hidden = length <= SHORT;
  more.onclick = () => (section.dataset.all = true);
}

/** Reorders a group only if its order differs, so that a button keeps the focus. */
function arrange(list, wanted) {
  const same = wanted.length === list.children.length && wanted.every((row, at) => row === list.children[at]);
  if (same) return;
  const focused = document.activeElement;
  list.replaceChildren(...wanted);
  if (list.contains(focused)) focused.focus({ preventScroll: true });
}

/** Updates one row. */
export function showRow(board, match) {
  const row = rows.get(match.id);
  if (!row) return;
  row.dataset.state = group(match);
  put(row, ".name.home", match.home);
  put(row, ".name.away", match.away);
  put(row, ".stage", match.stage);
  row.querySelector(".always").hidden = !match.endless;
  put(row, ".minute", shortPhase(match)).dataset.minute = match.minute;
  showKickOff(board, match);
  row.querySelector(".score").dataset.score = match.score.join("-");
  putScore(row, match);
  put(row, ".row .watching", watching(match.watchers)).hidden = match.watchers === 0;
}

/** Updates the countdown of a match that is to come. */
export function showKickOff(board, match) {
  const row = rows.get(match.id);
  const ms = board.untilKickOff(match);
  if (!row || ms === null) return;
  put(row, ".minute", countdown(ms)).title = kickOffText(ms);
}

function shortPhase({ phase, minute, extra_time, penalties }) {
  if (minute) return `${minute}′`;
  if (phase === "full_time") return penalties ? "Pens" : extra_time ? "AET" : "FT";
  return { half_time: "HT", extra_break: "ET", shoot_out: "Pens" }[phase] || "–";
}

export function markFollowed(followed) {
  for (const [id, row] of rows) {
    row.dataset.followed = id === followed;
    row.querySelector("button").setAttribute("aria-pressed", id === followed);
  }
}

export function flashRow(match, side) {
  const row = rows.get(match.id);
  if (row) flash(row, side);
}
