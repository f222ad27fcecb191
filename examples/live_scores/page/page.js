// The connection, and the handlers of its messages. README.md describes the messages.

import { endFlashes } from "./dom.js";
import { flashRow, markFollowed, showKickOff, showList, showRow } from "./list.js";
import { announceGoal, hideBanner, showBanner, showConnection, showHere } from "./notices.js";
import { closePanel, flashPanel, openPanel, showPanel, showPhase, showProblem } from "./panel.js";
import { forgetToken } from "./report.js";
import { Board, duration } from "./state.js";

const board = new Board();
let followed = null; // the id of a match
let lostAt = null; // when the connection was lost, until the page is up to date again
let missed = null; // the goals of that time, while the server sends them
let unknown = ""; // the banner of an address that names no match

/** With ?transport=polling or ?transport=websocket the page uses only that transport. */
function options() {
  const wanted = new URLSearchParams(location.search).get("transport");
  const isKnown = ["polling", "websocket"].includes(wanted);
  return { autoConnect: false, ...(isKnown && { transports: [wanted] }) };
}

function start(socket) {
  // The client renews its subscriptions with each new session, and receives a snapshot for each.
  // A session that is recovered still has them, and receives what it missed instead.
  socket.subscribe("goals", (err) => {
    if (err) showBanner(`The server refuses to show the matches: ${err.message}`);
  });
  socket.on("subscribe_error", refused);

  socket.on("connect", () => {
    showConnection("connected", socket.transport);
    if (lostAt === null) showBanner("");
    missed = socket.recovered ? (missed ?? []) : null;
    if (!socket.recovered) {
      board.forgetVersions();
      forgetToken(); // another server has another one
    }
    // The answer comes after all that was missed.
    askWhoIsThere(socket, "goals", () => missed && welcomeBack());
    if (followed !== null) askWhoIsThere(socket, `match-${followed}`);
  });
  socket.on("upgrade", (name) => showConnection("connected", name));
  socket.on("disconnect", (reason) => {
    lostAt ??= Date.now();
    if (reason !== "io client disconnect") lost(socket);
  });
  socket.on("connect_error", (err) => lost(socket, err));
  socket.on("reconnect_attempt", (n) => showAway(`Trying again, attempt ${n}…`));

  socket.on("matches", (data) => {
    const goals = board.takeAll(data);
    if (followed !== null && !board.matches.has(followed)) follow(socket, null);
    showAll(socket);
    if (lostAt !== null) startAfresh(goals);
    if (followed === null) followFromUrl(socket);
  });
  socket.on("match", (data) => {
    board.takeOne(data);
    showAll(socket);
  });
  socket.on("state", (data) => {
    if (board.takeUpdate(data)) showAll(socket);
  });
  socket.on("goal", (data) => {
    const match = board.takeUpdate(data);
    if (!match) return;
    show(match);
    flashRow(match, data.event.side);
    flashPanel(match, data.event.side);
    if (missed) missed.push(data);
    else announceGoal(data);
  });
  socket.on("clock", (data) => board.takeClock(data).forEach(show));
  socket.on("watchers", (data) => {
    const match = board.takeWatchers(data);
    if (match) show(match);
  });
  socket.on("presence", showWhoIsThere);

  addEventListener("hashchange", () => followFromUrl(socket));
  // A page that is closed does not come back, so it says that it leaves, before the client closes
  // the connection.
  addEventListener("pagehide", ({ persisted }) => persisted || socket.disconnect());
  socket.connect();
}

/** Asks how many are in a channel, with each connection: what was missed does not have it. */
function askWhoIsThere(socket, channel, done = () => {}) {
  socket.emit("presence", channel, (refusal, list) => {
    if (refusal) return;
    showWhoIsThere(channel, list);
    done();
  });
}

function showWhoIsThere(channel, list) {
  board.takePresence(channel, list);
  if (channel === "goals") return showHere(board.present(channel));
  const match = board.matches.get(followed);
  if (match) showPanel(board, match);
}

function show(match) {
  showRow(board, match);
  showPanel(board, match);
}

/** The countdowns of what is to come. Without a connection they go on. */
setInterval(() => {
  for (const match of board.matches.values()) {
    showKickOff(board, match);
    showPhase(board, match);
  }
}, 1000);

function showAll(socket) {
  showList(board, followed, (id) => follow(socket, id === followed ? null : id));
  if (followed !== null) showPanel(board, board.matches.get(followed));
}

/** Follows a match, and leaves the channel of the one before. */
function follow(socket, id) {
  if (followed !== null) {
    socket.unsubscribe(`match-${followed}`);
    board.presence.delete(`match-${followed}`);
  }
  followed = id;
  hideBanner(unknown);
  markFollowed(id);
  history.replaceState(null, "", id === null ? location.pathname + location.search : `#${id}`);
  if (id === null) return closePanel();
  openPanel(board, board.matches.get(id), () => follow(socket, null));
  socket.subscribe(`match-${id}`, (err) => err && refused(`match-${id}`, err));
  if (socket.connected) askWhoIsThere(socket, `match-${id}`);
}

/** Follows the match that the page's address names, or says that there is no such match. */
function followFromUrl(socket) {
  const id = readable(location.hash.slice(1));
  hideBanner(unknown);
  if (id === "" || id === followed) return;
  if (board.matches.has(id)) return follow(socket, id);
  unknown = `There is no match “${id.slice(0, 60)}” on this list. Choose one below to follow it.`;
  showBanner(unknown);
}

function readable(hash) {
  try {
    return decodeURIComponent(hash);
  } catch {
    return hash;
  }
}

function refused(channel, err) {
  if (channel === `match-${followed}`) showProblem(`The server does not show this match: ${err.message}`);
}

/** The connection is lost. `active` is whether the client reconnects by itself. */
function lost(socket, err) {
  endFlashes();
  if (socket.active) {
    showConnection("reconnecting");
    if (!err) showAway("Trying again…");
    return;
  }
  showConnection("disconnected");
  const why = err ? `: ${err.message}` : "";
  showBanner(`The server has ended the connection${why}.`, { onAgain: () => again(socket) });
}

function again(socket) {
  showBanner("");
  showConnection("connecting");
  socket.connect();
}

function showAway(text) {
  const since = lostAt && new Date(lostAt).toLocaleTimeString("en-GB");
  const what = since ? `Offline since ${since}: the scores are those of that time.` : "The server does not answer.";
  showBanner(`${what} ${text}`);
}

/** All that was missed has come. */
function welcomeBack() {
  const goals = missed.length === 1 ? "One goal fell" : `${missed.length || "No"} goals fell`;
  const text = `Connected again after ${away()}, and nothing is missing. ${goals} meanwhile`;
  if (missed.length > 0) showBanner(`${text}:`, { kind: "good", goals: missed, ms: 15_000 });
  else showBanner(`${text}.`, { kind: "good", ms: 6000 });
  lostAt = missed = null;
}

/** The server cannot send all that was missed. It has sent a snapshot, with `goals` more goals. */
function startAfresh(goals) {
  const scored = goals === 1 ? "One goal was" : `${goals || "No"} goals were`;
  const why = "The server no longer has all that you missed, so the page has loaded the scores anew.";
  const text = `Connected again after ${away()}. ${why} ${scored} scored meanwhile.`;
  showBanner(text, { kind: "good", isWhole: false, ms: 15_000 });
  lostAt = null;
}

const away = () => duration(Date.now() - lostAt);

if (typeof io === "function") {
  start(io(options()));
} else {
  showConnection("disconnected");
  const why = "The Socket.IO client could not be loaded from /socket.io/socket.io.js.";
  showBanner(why, { onAgain: () => location.reload() });
}
