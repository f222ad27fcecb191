// The state of all matches. This module has no page and no connection: messages in, changes out.
//
// Every message carries a `version`, and the versions of a server only grow. A snapshot may arrive
// after a newer message. So older state changes nothing, and the events of a match are merged from
// both.

const STATE = ["phase", "minute", "score", "extra_time", "penalties", "kick_off"];
const FACTS = ["home", "away", "stage", "date", "ground", "endless"];

/** Copies the fields that the message has. */
function copy(fields, from, to) {
  for (const field of fields) if (field in from) to[field] = from[field];
}

export class Board {
  constructor() {
    this.matches = new Map();
    this.clock = null; // converts times of the schedule
    this.presence = new Map(); // by channel: {version, users}
  }

  /** Prepares for a new session. Its server may be another one, whose versions start again. */
  forgetVersions() {
    this.presence.clear();
    for (const match of this.matches.values()) {
      match.version = match.eventsUntil = -1;
      match.events = [];
    }
  }

  /** `matches`. Returns the number of goals that the page has missed. */
  takeAll({ version, matches, now, speed }, received = Date.now()) {
    this.clock = { now, speed, received };
    let missed = 0;
    const before = this.matches;
    this.matches = new Map();
    for (const facts of matches) {
      const known = before.get(facts.id);
      this.matches.set(facts.id, known || blank(facts.id));
      const match = this.matches.get(facts.id);
      const goals = match.score[0] + match.score[1];
      const kickOff = match.kick_off;
      this._takeSnapshot(match, version, facts);
      const more = match.score[0] + match.score[1] - goals;
      if (known && kickOff === match.kick_off) missed += Math.max(more, 0);
    }
    return missed;
  }

  /** `match`: one match with its events. */
  takeOne(data) {
    const match = this._get(data.id);
    this._takeSnapshot(match, data.version, data);
    const newer = match.events.filter((event) => event.version > data.version);
    match.events = data.events.concat(newer);
    match.eventsUntil = data.version;
    return match;
  }

  /** `goal` and `state`. Returns null for an event that the page has already. */
  takeUpdate(data) {
    const match = this._get(data.id);
    const isKnown = data.version <= match.eventsUntil
      || match.events.some((event) => event.version === data.event.version);
    if (isKnown) return null;
    match.events.push(data.event);
    copy(["home", "away"], data, match);
    if (data.version > match.version) {
      copy(STATE, data, match);
      match.version = data.version;
    }
    return match;
  }

  /** `clock`. Returns the matches whose minute has changed. */
  takeClock({ version, minutes }) {
    const changed = [];
    for (const [id, minute] of Object.entries(minutes)) {
      const match = this.matches.get(id);
      if (!match || version <= match.version) continue;
      match.minute = minute;
      match.version = version;
      changed.push(match);
    }
    return changed;
  }

  /** `watchers`. */
  takeWatchers({ id, version, watchers }) {
    const match = this.matches.get(id);
    if (!match || version <= match.version) return null;
    match.watchers = watchers;
    match.version = version;
    return match;
  }

  /** `presence`, the event and the answer. An answer may have what is in the event behind it. */
  takePresence(channel, { version, users }) {
    const known = this.presence.get(channel);
    if (!known || version > known.version) this.presence.set(channel, { version, users });
  }

  /** How many are here, in a channel that is followed. */
  present(channel) {
    return this.presence.get(channel)?.users;
  }

  /** How many watch a match. For one that is not followed, the list knows. */
  watching(match) {
    return this.present(`match-${match.id}`) ?? match.watchers;
  }

  /** The milliseconds until the kick-off of a match that is to come, or null if it has none. */
  untilKickOff({ phase, kick_off }, now = Date.now()) {
    if (phase !== "scheduled" || kick_off === null || !this.clock) return null;
    const seconds = (kick_off - this.clock.now) / 60 / this.clock.speed;
    return Math.max(0, this.clock.received + seconds * 1000 - now);
  }

  /** The match that is always on, or null for an empty list. */
  endless() {
    return [...this.matches.values()].find((match) => match.endless) || null;
  }

  _get(id) {
    if (!this.matches.has(id)) this.matches.set(id, blank(id));
    return this.matches.get(id);
  }

  _takeSnapshot(match, version, data) {
    copy(FACTS, data, match);
    if (version < match.version) return;
    copy([...STATE, "watchers"], data, match);
    match.version = version;
  }
}

function blank(id) {
  return {
    id, home: "", away: "", stage: "", date: "", ground: "", endless: false, watchers: 0,
    phase: "scheduled", minute: "", score: [0, 0], extra_time: false, penalties: null, kick_off: null,
    version: -1, events: [],
    // The version of the last snapshot with events, or -1 while events may be missing.
    eventsUntil: -1,
  };
}

/** "live", "to-come" or "over". */
export function group(match) {
  if (match.phase === "scheduled") return "to-come";
  return match.phase === "full_time" ? "over" : "live";
}

const HOUR = 3600; // s
const DAY = 24 * HOUR;

/**
 * The time until a kick-off: "in 4:05". From an hour on it is the time of day, and from a day on the
 * day.
 */
export function countdown(ms, now = Date.now()) {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < HOUR) return `in ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  const at = new Date(now + ms);
  const clock = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  return seconds < DAY ? clock : at.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
}

/** The same as a part of a sentence. */
export function kickOffText(ms, now = Date.now()) {
  const shown = countdown(ms, now);
  const word = shown.startsWith("in ") ? "" : shown.includes(":") ? "at " : "on ";
  return `kick-off ${word}${shown}`;
}

/** "8 s", "3 min" */
export function duration(ms) {
  const seconds = Math.max(1, Math.round(ms / 1000));
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

/** The order of a group: by kick-off, and for matches that are over the latest first. */
export function inOrder(matches, name) {
  const own = [...matches].filter((match) => group(match) === name);
  // A match without a kick-off comes last.
  const at = (match) => match.kick_off ?? Infinity;
  own.sort((a, b) => (at(a) === at(b) ? 0 : at(a) - at(b)));
  return name === "over" ? own.reverse() : own;
}
