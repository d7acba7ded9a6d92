import { Worker } from "node:worker_threads";
import { EngineError } from "../errors.ts";
import type { Clock, Log } from "../protocol/ports.ts";
import type { SharedValues } from "../protocol/report.ts";
import type { SharePart, SharePartEvents } from "./share-part.ts";
import {
  readSharedInstant,
  type ThreadFact,
  type ThreadInput,
  type ThreadOrder,
  unpackError,
} from "./thread-message.ts";

/** How long a thread may take to free everything before it is ended, ms. */
const closeLimitMs = 10_000;

/**
 * Room for a thread's new objects, a sixteenth of what Node gives: with 10,000 VUs on two threads a quarter of the process's
 * memory is saved, and the pauses of a collection are shorter.
 */
const youngGenerationMb = 12;

/** Built code runs as .js, the sources as they are. */
const entry = new URL(import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js", import.meta.url);

/** A share's part that runs in a worker thread of its own. */
export function spawnThread(
  input: ThreadInput,
  ports: { readonly clock: Clock; readonly log: Log },
  events: SharePartEvents,
): SharePart {
  const { clock, log } = ports;
  const resourceLimits = { maxYoungGenerationSizeMb: youngGenerationMb };
  const worker = new Worker(entry, { workerData: input, execArgv: [], resourceLimits });
  const calls = new Map<number, { resolve(value: never): void; reject(error: unknown): void }>();
  let lastCall = 0;
  let lost: Error | null = null;
  let closing: Promise<void> | null = null;

  const order = (message: ThreadOrder) => worker.postMessage(message);
  const call = <Value>(make: (call: number) => ThreadOrder): Promise<Value> => {
    if (lost !== null) return Promise.reject(lost);
    const number = ++lastCall;
    return new Promise<Value>((resolve, reject) => {
      calls.set(number, { resolve, reject });
      order(make(number));
    });
  };
  const lose = (error: Error) => {
    if (lost !== null) return;
    lost = error;
    for (const { reject } of calls.values()) reject(error);
    calls.clear();
    if (closing === null) events.onFault(error);
  };

  const learn = (fact: ThreadFact): void => {
    switch (fact.type) {
      case "answer":
        calls.get(fact.call)?.resolve(fact.value as never);
        calls.delete(fact.call);
        return;
      case "failure":
        calls.get(fact.call)?.reject(unpackError(fact.error));
        calls.delete(fact.call);
        return;
      case "frame":
        return events.onFrame(fact.part);
      case "started":
        return events.onStarted(clock.now() + (fact.at - readSharedInstant()));
      case "idle":
        return events.onIdle(fact.idle, fact.changes);
      case "want":
        return events.onWant(fact.scenario);
      case "claim":
        return events.onClaim(fact.scenario, fact.through);
      case "arrive":
        return events.onArrivals(fact.arrivals);
      case "spare_row":
        return events.onSpareRow(fact.line, fact.row);
      case "rows_over":
        return events.onRowsOver(fact.feeder);
      case "done":
        return events.onDone();
      case "fault":
        return events.onFault(unpackError(fact.error));
      case "log":
        return log(fact.level, fact.message, fact.fields);
      default:
        fact satisfies never;
    }
  };

  worker.on("message", learn);
  worker.on("error", (cause) =>
    lose(new EngineError("internal_error", `a worker thread failed: ${String(cause)}`, { cause })),
  );
  worker.on("exit", (code) => lose(new EngineError("internal_error", `a worker thread ended with code ${code}`)));

  const toShared = (at: number) => readSharedInstant() + (at - clock.now());

  return {
    prepare: (indexes) => call((number) => ({ type: "prepare", call: number, indexes })),
    setup: () => call<SharedValues>((number) => ({ type: "setup", call: number })),
    start: (at, shared, pauses = []) => order({ type: "start", at: toShared(at), shared, pauses }),
    pause: (atTestTimeMs) => call<number>((number) => ({ type: "pause", call: number, atTestTimeMs })),
    resume: (at, testTimeMs) => order({ type: "resume", at: toShared(at), testTimeMs }),
    pauseScenario: (scenario, atMs) =>
      call<number>((number) => ({ type: "pause_scenario", call: number, scenario, atMs })),
    resumeScenario: (scenario, atMs, pausedMs) => order({ type: "resume_scenario", scenario, atMs, pausedMs }),
    scale: (scenario, testTimeMs, target, overMs) => order({ type: "scale", scenario, testTimeMs, target, overMs }),
    release: (share) => call((number) => ({ type: "release", call: number, share })),
    grant: (share) => order({ type: "grant", share }),
    allot: (scenario, ranges, last) => order({ type: "allot", scenario, ranges, last }),
    claimed: (scenario, through) => order({ type: "claimed", scenario, through }),
    proceed: (scenario, points) => order({ type: "proceed", scenario, points }),
    watchLease: () => order({ type: "watch_lease" }),
    stop: (graceMs) => order({ type: "stop", graceMs }),
    teardown: (shared) => call((number) => ({ type: "teardown", call: number, shared })),
    close() {
      closing ??= (async () => {
        const limit = Promise.withResolvers<void>();
        const alarm = clock.at(clock.now() + closeLimitMs, limit.resolve);
        // A thread that is lost, or cannot close in time, is ended below in any case.
        await Promise.race([call<null>((number) => ({ type: "close", call: number })), limit.promise]).catch(
          () => undefined,
        );
        alarm.cancel();
        await worker.terminate();
      })();
      return closing;
    },
  };
}
