// Helpers for the other files. All data of the server becomes text, never markup.

export const byId = (id) => document.getElementById(id);

export const stamp = (template) => byId(template).content.firstElementChild.cloneNode(true);

/** Sets a text only if it differs: an unchanged node keeps its selection and its animation. */
export function put(parent, selector, text) {
  const node = parent.querySelector(selector);
  if (node.textContent !== String(text)) node.textContent = text;
  return node;
}

/** Writes the goals of both teams, and the kicks of a shoot-out, into their two nodes. */
export function putScore(node, { phase, score, penalties }) {
  for (const [at, side] of ["home", "away"].entries()) {
    put(node, `.goals.${side}`, score[at]).dataset.penalties = penalties ? penalties[at] : "";
  }
  const [home, away] = penalties || score;
  node.dataset.winner = phase !== "full_time" || home === away ? "" : home > away ? "home" : "away";
}

const FLASH = 7000; // ms

/** Marks a goal of "home" or "away" for a while. */
export function flash(node, side) {
  node.removeAttribute("data-goal");
  void node.offsetWidth; // else a second goal would not start the animation anew
  node.dataset.goal = side;
  clearTimeout(node.flashTimer);
  node.flashTimer = setTimeout(() => node.removeAttribute("data-goal"), FLASH);
}

/** Removes all marks of goals. After a lost connection they may be out of date. */
export function endFlashes() {
  for (const node of document.querySelectorAll("[data-goal]")) node.removeAttribute("data-goal");
}

/** Changes the page and keeps a node at its place on the screen. */
export function inPlace(node, change) {
  const before = node && node.getBoundingClientRect();
  change();
  if (!before || before.bottom < 0 || before.top > innerHeight || !node.isConnected) return;
  scrollBy({ top: node.getBoundingClientRect().top - before.top, behavior: "instant" });
}

export const watching = (n) => `${n} watching`;

/** A goal in one line, with the score after it. */
export function goalLine({ home, away, score, event }) {
  return `${home} ${score.join("–")} ${away} · ${whoAndWhen(event)}`;
}

export function whoAndWhen(event) {
  return goalText(event) + (event.minute ? `, ${event.minute}′` : "");
}

const HOW = { penalty: " (pen.)", own_goal: " (own goal)" };

export function goalText({ how, scorer, reported }) {
  if (how === "unrecorded") return "Goal, scorer not recorded";
  return (scorer || "Scorer not recorded") + (HOW[how] || "") + (reported ? " (reported)" : "");
}
