/** In a cluster: the id of a stream's entry, and the number of direct events behind it. */
const ENTRY = /^(\d+)-(\d+)(?:\.(\d+))?$/;

/** A text that is later for a later position. */
const order = (position) => {
  const entry = ENTRY.exec(position);
  return entry ? entry.slice(1).map((number = "") => number.padStart(14, "0")).join() : position;
};

export const isAfter = (one, other) => order(one) > order(other);

/** Whether a position counts what was sent to this socket alone. A publication has no such count. */
export const isDirect = (position) =>
  ENTRY.test(position) ? position.includes(".") : position.length === 16 && !position.endsWith("----");
