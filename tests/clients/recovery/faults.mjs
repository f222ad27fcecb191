// What happens to the links of a population.

/** Numbers that are the same in each run with the same seed. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How often each fault happens, and what it does to a wire. */
const FAULTS = [
  [0.35, (wire) => wire.cut()],
  [0.3, (wire) => wire.cutForClient()],
  [0.05, (wire) => wire.silence()],
  [0.1, (wire, next) => {
    // What the server sends meanwhile is lost on the way, and only then the link breaks.
    wire.swallow();
    setTimeout(() => wire.cut(), 50 + next() * 100);
  }],
  [0.2, (wire, next) => {
    wire.cut();
    wire.cutAfter(Math.floor(next() * 4));
  }],
];

/** Lets faults happen to a wire, every 1 to 3 s or as `between` says, until `stop` is called. */
export function disturb(wire, next, [shortest, longest], onDrop) {
  let timer;
  const later = () => {
    timer = setTimeout(() => {
      let rest = next();
      const [, act] = FAULTS.find(([share]) => (rest -= share) < 0) ?? FAULTS[0];
      act(wire, next);
      onDrop();
      later();
    }, shortest + next() * (longest - shortest));
  };
  later();
  return () => clearTimeout(timer);
}
