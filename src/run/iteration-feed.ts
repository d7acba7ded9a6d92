import { countIterations } from "../plan/iteration-ranges.ts";
import type { IterationRange } from "../protocol/plan.ts";
import type { Alarm, Clock } from "../protocol/ports.ts";
import type { Claims } from "./claims.ts";
import { createIterationLine } from "./iteration-line.ts";

/**
 * The shared iterations of one scenario on a slave whose owner deals them out: what came, what nobody has claimed, and
 * when to ask for more.
 */
export interface IterationFeed {
  /** `last`: no more will come, which stays so. */
  add(ranges: readonly IterationRange[], last: boolean): void;
  /** Gives back all that nobody has claimed. */
  release(): IterationRange[];
  /** A VU found nothing left. */
  want(): void;
  /** Watches how fast the iterations are claimed. */
  start(): void;
  /** No more asking; idempotent. */
  close(): void;
}

export interface FeedOptions {
  readonly clock: Clock;
  readonly claims: Claims;
  /** The scenario's place in the plan. */
  readonly position: number;
  readonly iterations: readonly IterationRange[];
  /** Tells every thread of ranges that the claims know already. */
  tellThreads(ranges: readonly IterationRange[], last: boolean): void;
  /** Once until more is added. */
  onWant(): void;
  /** Gets what nobody has claimed for a second: others may need it. null: it is kept. */
  readonly onSpare: ((ranges: readonly IterationRange[]) => void) | null;
}

/** How often the claims are looked at, ms; and over how many looks the rate is measured. */
const lookMs = 50;
const looks = 20;
/** More is asked for when less than so much work is left, ms. */
const leastWorkMs = 500;
/** Rows that nobody has claimed for so long are given back, ms. */
const spareMs = 1_000;

export function createIterationFeed(options: FeedOptions): IterationFeed {
  const { clock, claims, position } = options;
  const line = createIterationLine();
  let last = false;
  let asked = false;
  let alarm: Alarm | null = null;
  let closed = false;
  /** What is claimed next, and since when. */
  let restsAt = -1;
  let restsSince = 0;
  /** Claimed positions at the latest looks, oldest first. */
  const seen: number[] = [0];

  line.append(options.iterations);

  const release = () => {
    const [from, to] = claims.takeBack(position);
    return from < to ? line.listFrom(from) : [];
  };
  const want = () => {
    if (asked || last || closed) return;
    asked = true;
    options.onWant();
  };
  const giveSpare = (next: number) => {
    const now = clock.now();
    if (next !== restsAt || line.end <= next) {
      restsAt = next;
      restsSince = now;
    } else if (options.onSpare !== null && now - restsSince >= spareMs) {
      const ranges = release();
      if (ranges.length > 0) options.onSpare(ranges);
    }
  };
  const look = () => {
    giveSpare(claims.readNext(position));
    const next = claims.readNext(position);
    const left = line.end - next;
    const claimed = next - (seen[0] ?? 0);
    const spanMs = seen.length * lookMs;
    seen.push(next);
    if (seen.length > looks) seen.shift();
    // Who asks for rows has none left: the owner takes that for the end where all ask, and what is left with one is others'.
    if (options.onSpare === null && claimed > 0 && left < (claimed / spanMs) * leastWorkMs) want();
    // Threads without a VU do not see for themselves that nothing is left.
    if (last && left <= 0) options.tellThreads([], true);
    else if (!closed) alarm = clock.at(clock.now() + lookMs, look);
  };

  return {
    add(ranges, noMore) {
      last ||= noMore;
      asked = false;
      line.append(ranges);
      claims.append(position, countIterations(ranges));
      options.tellThreads(ranges, last);
    },
    release,
    want,
    start() {
      alarm = clock.at(clock.now() + lookMs, look);
    },
    close() {
      closed = true;
      alarm?.cancel();
      alarm = null;
    },
  };
}
