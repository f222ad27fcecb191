/** The delay before a reconnection: doubled with each attempt, up to a maximum, and spread. */
export function backoff(attempts, { reconnectionDelay, reconnectionDelayMax, randomizationFactor }) {
  const delay = Math.min(reconnectionDelay * 2 ** Math.min(attempts, 30), reconnectionDelayMax);
  const shortest = delay * (1 - randomizationFactor);
  const longest = Math.min(delay * (1 + randomizationFactor), reconnectionDelayMax);
  return shortest + Math.random() * (longest - shortest);
}
