import { expect } from "vitest";
import { run } from "../../src/local/run.ts";
import type { Report } from "../../src/protocol/report.ts";

/** A load that goes on until its test has seen enough of it. */
export interface WatchedLoad {
  /** How many iterations passed so far. */
  passed(): number;
  /** Waits until so many more have passed. */
  passMore(count: number): Promise<void>;
  /** Waits until so many more have failed; default: one. */
  failMore(count?: number): Promise<void>;
  /** Waits until the last so many iterations of each VU have passed, all of them begun after this call. */
  recover(count: number): Promise<void>;
  /** Stops it; what runs goes to its end. */
  stop(): Promise<Report>;
}

/** A server that comes back may take its time. The test's own limit ends a load that stands still. */
const patience = { timeout: 300_000 };

/**
 * Starts a load of so many VUs that do `step` again and again; each iteration fails with it. `folder`: whose files the
 * workflow names.
 */
export function startWatchedLoad(step: object, vus: number, workflow: object = {}, folder?: string): WatchedLoad {
  let passes = 0;
  let failures = 0;
  /** By VU: does it run an iteration that has not passed, and how many in a row have passed before it? */
  const standings = new Map<string, { runs: boolean; row: number }>();
  const hear = (word: string, vu: string): void => {
    const standing = standings.get(vu) ?? { runs: false, row: 0 };
    standings.set(vu, standing);
    if (word === "begins") {
      // What did not pass is known to have failed when its VU goes on.
      if (standing.runs) failures++;
      if (standing.runs) standing.row = 0;
      standing.runs = true;
    } else {
      passes++;
      standing.runs = false;
      standing.row++;
    }
  };
  const stop = new AbortController();
  const tell = (word: string) => ({ type: "script", config: { script: `console.log("${word} " + vu.id)` } });
  const options = { vus, duration: "10m", think_time: "10ms", graceful_stop: "30s" };
  const running = run(
    { options, ...workflow, steps: [tell("begins"), step, tell("passes")] },
    {
      ...(folder === undefined ? {} : { folder }),
      signal: stop.signal,
      log(_level, message) {
        const [, word, vu] = /^(begins|passes) (\d+)$/.exec(message) ?? [];
        if (word !== undefined && vu !== undefined) hear(word, vu);
      },
    },
  );
  return {
    passed: () => passes,
    passMore: (count) => expect.poll(() => passes, patience).toBeGreaterThanOrEqual(passes + count),
    failMore: (count = 1) => expect.poll(() => failures, patience).toBeGreaterThanOrEqual(failures + count),
    recover(count) {
      for (const standing of standings.values()) standing.row = -1;
      return expect
        .poll(() => Math.min(...Array.from(standings.values(), ({ row }) => row)), patience)
        .toBeGreaterThanOrEqual(count);
    },
    stop() {
      stop.abort();
      return running;
    },
  };
}
