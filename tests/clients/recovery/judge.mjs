// What a population of clients has received, against what was published.

/** One channel of one client. All messages of a channel have numbers: 0, 1, 2, … */
class Channel {
  #expected = 0;
  #isTold = false;
  #seen = new Set();
  delivered = 0;
  told = 0;
  lost = 0;
  doubled = 0;
  reordered = 0;

  /** The client has been told that something may be missing between here and the next number. */
  tell() {
    this.#isTold = true;
  }

  receive(seq) {
    if (this.#seen.has(seq)) {
      this.doubled++;
      return;
    }
    this.#seen.add(seq);
    this.delivered++;
    if (seq < this.#expected) {
      // It was counted as missing before.
      this.reordered++;
      this.delivered--;
      return;
    }
    this.#skip(seq);
    this.#expected = seq + 1;
    this.#isTold = false;
  }

  /** The client has nothing more, although this many messages were published. */
  end(published) {
    if (published > this.#expected) this.#skip(published);
  }

  #skip(to) {
    const gap = to - this.#expected;
    if (this.#isTold) this.told += gap;
    else this.lost += gap;
  }
}

const COUNTS = ["delivered", "told", "lost", "doubled", "reordered"];

/**
 * Judges the log of one client. An entry is `[channel, seq, delay]` for a message, or `[channel]`, or
 * `[]` for all channels, where the client was told that it may lack something. `published` is how many
 * messages each of its channels had.
 */
export function judge(log, published) {
  const channels = new Map(Object.keys(published).map((name) => [name, new Channel()]));
  for (const [name, seq] of log) {
    if (seq !== undefined) channels.get(name).receive(seq);
    else for (const channel of name ? [channels.get(name)] : channels.values()) channel.tell();
  }
  const sums = Object.fromEntries(COUNTS.map((count) => [count, 0]));
  for (const [name, channel] of channels) {
    channel.end(published[name]);
    for (const count of COUNTS) sums[count] += channel[count];
  }
  return sums;
}

/**
 * Sums over clients of one kind. Each has its log and channels, whether the last messages have reached
 * it, and how often it came back and recovered.
 */
export function summarize(clients, published) {
  const sums = { clients: clients.length, deaf: 0, drops: 0, returns: 0, recovered: 0 };
  for (const count of COUNTS) sums[count] = 0;
  const delays = [];
  for (const client of clients) {
    const its = Object.fromEntries(client.channels.map((name) => [name, published[name]]));
    const judged = judge(client.log, its);
    sums.deaf += !client.isFinished;
    for (const count of COUNTS) sums[count] += judged[count];
    for (const count of ["drops", "returns", "recovered"]) sums[count] += client[count];
    for (const [, seq, delay] of client.log) if (seq !== undefined) delays.push(delay);
  }
  delays.sort((a, b) => a - b);
  const at = (part) => delays[Math.min(delays.length - 1, Math.floor(delays.length * part))] ?? NaN;
  const expected = sums.delivered + sums.told + sums.lost;
  return { ...sums, expected, p50: at(0.5), p95: at(0.95), p99: at(0.99), most: at(1) };
}

const COLUMNS = ["server", "kind", "clients", "delivered", "or told", "lost", "doubled", "reordered",
  "deaf", "drops", "returns", "recovered", "p50", "p95", "p99", "max ms"];

/** The summaries as a table in Markdown. */
export function table(rows) {
  const percent = (part, whole) => `${((100 * part) / whole).toFixed(2)} %`;
  const lines = rows.map(({ server, kind, ...row }) => [
    server, kind, row.clients, percent(row.delivered, row.expected),
    percent(row.delivered + row.told, row.expected), row.lost, row.doubled, row.reordered,
    row.deaf, row.drops, row.returns, row.recovered,
    ...[row.p50, row.p95, row.p99, row.most].map((delay) => Math.round(delay)),
  ]);
  return [COLUMNS, COLUMNS.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** What the promise forbids, as lines of text. */
export function violations(rows) {
  return rows.flatMap(({ server, kind, ...row }) =>
    ["lost", "doubled", "reordered", "deaf"]
      .filter((count) => row[count] > 0)
      .map((count) => `${server}, ${kind}: ${count} ${row[count]}, must be 0`));
}
