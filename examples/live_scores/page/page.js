// The connection, and the handlers of its messages. README.md describes the messages.

import { endFlashes } from "./dom.js";
import { flashRow, markFollowed, showKickOff, showList, showRow } from "./list.js";
import { announceGoal, hideBanner, showBanner, showConnection } from "./notices.js";
import { closePanel, flashPanel, openPanel, showPanel, showPhase, showProblem } from "./panel.js";
import { forgetToken } from "./report.js";
import { Board } from "./state.js";

const board = new Board();
let followed = null; // the id of a match
let wasConnected = false;
let unknown = ""; // the banner of an address that names no match

/** With ?transport=polling or ?transport=websocket the page uses only that transport. */
function options() {
  const wanted = new URLSearchParams(location.search).get("transport");
  return ["polling", "websocket"].includes(wanted) ? { transports: [wanted] } : {};
}

function start(socket) {
  // The client renews its subscriptions on each reconnection, and receives a snapshot for each.
  socket.subscribe("goals", (err) => {
    if (err) showBanner(`The server refuses to show the matches: ${err.message}`);
  });
  socket.on("subscribe_error", refused);

  socket.on("connect", () => {
    board.forgetVersions();
    forgetToken(); // another server has another one
    showConnection("connected", socket.transport);
    if (!wasConnected) showBanner("");
  });
  socket.on("upgrade", (name) => showConnection("connected", name));
  socket.on("disconnect", () => lost(socket));
  socket.on("connect_error", (err) => lost(socket, err));
  socket.on("reconnect_attempt", (n) => showBanner(`The server is away. Trying again, attempt ${n}…`));

  socket.on("matches", (data) => {
    const missed = board.takeAll(data);
    if (followed !== null && !board.matches.has(followed)) follow(socket, null);
    showAll(socket);
    if (wasConnected) welcomeBack(missed);
    wasConnected = true;
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
    announceGoal(match, data.event);
  });
  socket.on("clock", (data) => board.takeClock(data).forEach(show));
  socket.on("watchers", (data) => {
    const match = board.takeWatchers(data);
    if (match) show(match);
  });

  addEventListener("hashchange", () => followFromUrl(socket));
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
  if (followed !== null) socket.unsubscribe(`match-${followed}`);
  followed = id;
  hideBanner(unknown);
  markFollowed(id);
  history.replaceState(null, "", id === null ? location.pathname + location.search : `#${id}`);
  if (id === null) return closePanel();
  openPanel(board, board.matches.get(id), () => follow(socket, null));
  socket.subscribe(`match-${id}`, (err) => err && refused(`match-${id}`, err));
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
    if (!err) showBanner("The connection is lost. Scores may be out of date until it is back.");
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

function welcomeBack(missed) {
  const goals = missed === 1 ? "One goal was" : `${missed} goals were`;
  const text = missed === 0 ? "No goal was missed." : `${goals} scored meanwhile.`;
  showBanner(`Connected again, and up to date. ${text}`, { kind: "good", ms: 6000 });
}

if (typeof io === "function") {
  start(io(options()));
} else {
  showConnection("disconnected");
  const why = "The Socket.IO client could not be loaded from /socket.io/socket.io.js.";
  showBanner(why, { onAgain: () => location.reload() });
}
