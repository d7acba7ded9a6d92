import { countIterations } from "../plan/iteration-ranges.ts";
import type { Share } from "../protocol/plan.ts";

/**
 * Hands out the positions 0, 1, 2 … of a slave's shared iterations, one line per scenario, and of its unique rows; the
 * threads of the slave have it in common. No position is given twice. Positions are added and given back while threads claim.
 */
export interface Claims {
  /** The next position below `limit` (what the caller knows of the line); -1: none. */
  claim(scenario: number, limit: number): number;
  /** So many positions more. Before the threads are told which. */
  append(scenario: number, count: number): void;
  /** Takes all that nobody has claimed: the positions `[from, to)`. */
  takeBack(scenario: number): readonly [from: number, to: number];
  /** The next position nobody has claimed. */
  readNext(scenario: number): number;
  /**
   * A thread has ended the scenario and claims no more. Once all have, the caller takes what is left and is told how
   * much; else 0. `first`: this thread says so for the first time.
   */
  retire(scenario: number, first: boolean): number;
}

/** The counters of a scenario. */
const slots = { next: 0, end: 1, retired: 2 } as const;
const slotCount = Object.keys(slots).length;

/**
 * Memory for the counters of a share's scenarios, to be passed to every thread; their lines hold the share's iterations.
 * Behind them is a line for the unique rows of each feeder.
 */
export function createClaimMemory({ scenarios }: Share, feeders = 0): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(
    Math.max(1, (scenarios.length + feeders) * slotCount) * BigInt64Array.BYTES_PER_ELEMENT,
  );
  const claims = createClaims(memory, 1);
  scenarios.forEach(({ iterations }, position) => claims.append(position, countIterations(iterations)));
  return memory;
}

/** `threads`: how many have the memory in common. */
export function createClaims(memory: SharedArrayBuffer, threads: number): Claims {
  const counters = new BigInt64Array(memory);
  const place = (scenario: number, slot: keyof typeof slots) => scenario * slotCount + slots[slot];
  const takeBack = (scenario: number): readonly [from: number, to: number] => {
    for (;;) {
      const next = Atomics.load(counters, place(scenario, "next"));
      const end = Atomics.load(counters, place(scenario, "end"));
      if (Atomics.compareExchange(counters, place(scenario, "next"), next, end) === next) {
        return [Number(next), Number(end)];
      }
    }
  };
  return {
    claim(scenario, limit) {
      const at = scenario * slotCount;
      const bound = BigInt(limit);
      for (;;) {
        const next = Atomics.load(counters, at);
        if (next >= bound) return -1;
        if (Atomics.compareExchange(counters, at, next, next + 1n) === next) return Number(next);
      }
    },
    append: (scenario, count) => {
      Atomics.add(counters, place(scenario, "end"), BigInt(count));
    },
    takeBack,
    readNext: (scenario) => Number(Atomics.load(counters, place(scenario, "next"))),
    retire(scenario, first) {
      const retired = Number(Atomics.add(counters, place(scenario, "retired"), first ? 1n : 0n)) + (first ? 1 : 0);
      if (retired < threads) return 0;
      const [from, to] = takeBack(scenario);
      return to - from;
    },
  };
}
