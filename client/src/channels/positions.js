/** A text that is greater for a later position. In a cluster, it is the id of a stream's entry. */
const order = (position) =>
  /^\d+-[\d.]+$/.test(position) ? position.replace(/\d+/g, (number) => number.padStart(14)) : position;

export const isAfter = (one, other) => order(one) > order(other);

/** Whether a position counts what was sent to this socket alone. A publication has no such count. */
export const isDirect = (position) => !/----$|^\d+-\d+$/.test(position);
