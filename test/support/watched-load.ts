import { expect } from "vitest";
import { run } from "../../src/local/run.ts";
import type { Report } from "../../src/protocol/report.ts";

/** A load that goes on until its test has seen enough of it. */
export interface WatchedLoad {
  /** How many iterations passed so far. */
  passed(): number;
  /** How many failed so far, at least: those that run are not known yet. */
  failed(): number;
  /** Waits until so many more have passed. */
  passMore(count: number): Promise<void>;
  /** Waits until one more has failed, at least. */
  failMore(): Promise<void>;
  /** Stops it; what runs goes to its end. */
  stop(): Promise<Report>;
}

/**
 * Starts a load of so many VUs that do `step` again and again; each iteration fails with it. `folder`: whose files the
 * workflow names.
 */
export function startWatchedLoad(step: object, vus: number, workflow: object = {}, folder?: string): WatchedLoad {
  const counts = { begins: 0, passes: 0 };
  const stop = new AbortController();
  const tell = (word: keyof typeof counts) => ({ type: "script", config: { script: `console.log("${word}")` } });
  const options = { vus, duration: "10m", think_time: "10ms", graceful_stop: "30s" };
  const running = run(
    { options, ...workflow, steps: [tell("begins"), step, tell("passes")] },
    {
      ...(folder === undefined ? {} : { folder }),
      signal: stop.signal,
      log(_level, message) {
        if (message === "begins" || message === "passes") counts[message]++;
      },
    },
  );
  const passed = () => counts.passes;
  const failed = () => Math.max(0, counts.begins - counts.passes - vus);
  return {
    passed,
    failed,
    passMore: (count) => expect.poll(passed).toBeGreaterThanOrEqual(passed() + count),
    failMore: () => expect.poll(failed).toBeGreaterThan(failed()),
    stop() {
      stop.abort();
      return running;
    },
  };
}
