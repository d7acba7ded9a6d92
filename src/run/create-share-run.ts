import { indexFeeders } from "../data/index-feeders.ts";
import type { Share } from "../protocol/plan.ts";
import { checkScale, findScenario } from "../plan/check-scale.ts";
import { listLines } from "../plan/list-lines.ts";
import { createClaimMemory, createClaims } from "./claims.ts";
import { createParts } from "./create-parts.ts";
import { createShareDealer } from "./deal-share.ts";
import { createFrameCollector } from "./frame-collector.ts";
import { growHeapSlowly } from "./grow-heap-slowly.ts";
import { createIterationFeed } from "./iteration-feed.ts";
import { setSuspended } from "./lease-memory.ts";
import type { SharePart, SharePartEvents } from "./share-part.ts";
import type { ShareRun, ShareRunEvents, ShareRunOptions } from "./share-run.ts";
import { createPausedClock } from "./scenario-clock.ts";
import { createTestClock } from "./test-clock.ts";

/** Threads pause at a common test time; it is at least so far ahead, so that the order reaches them before. */
const threadLeadMs = 20;

/** Makes the run of a share, on one thread or on many. */
export function createShareRun(options: ShareRunOptions, events: ShareRunEvents): ShareRun {
  const { clock, plan, share, leaseMemory } = options;
  const threads = Math.max(1, Math.min(options.threads, plan.vus));
  /** The same test time as in every part. */
  const testClock = createTestClock(clock);
  const scenarioClocks = plan.scenarios.map(() => createPausedClock(testClock));
  const clockOf = (position: number) => scenarioClocks[position] ?? testClock;
  const collector = createFrameCollector(threads, events.onFrame);
  const { feeders } = plan.workflow;
  const claimMemory = createClaimMemory(share, feeders.length);
  const claims = createClaims(claimMemory, threads);
  let largestVu = plan.scenarios.reduce((largest, { largestVus }) => Math.max(largest, largestVus), 0);
  const dealer = createShareDealer(plan, share, threads, () => largestVu);
  const idle = Array.from({ length: threads }, () => false);
  const ended = new Set<number>();
  /** Grants and scales so far: what a thread said before it took the latest of them is old. */
  let changes = 0;
  let unbegun = threads;
  let startedAt = Number.NEGATIVE_INFINITY;
  let undone = threads;
  /** Test time at the end of the latest frame: with `done` the end of the load. */
  let framedMs = 0;
  let failed = false;
  let closing: Promise<number> | null = null;
  const stopIndexing = new AbortController();
  const rowsOver = new Set<number>();

  const close = (): Promise<number> => {
    closing ??= (async () => {
      stopIndexing.abort();
      for (const feed of feeds) feed.close();
      await Promise.all(parts.map((part) => part.close()));
      collector.flush();
      for (const own of scenarioClocks) own.close();
      testClock.close();
      return collector.last;
    })();
    return closing;
  };

  const tellIdle = () => {
    if (idle.every((now, thread) => now || ended.has(thread))) events.onIdle(Math.max(0, testClock.now()));
  };
  const noteChange = () => {
    changes++;
    idle.fill(false);
  };

  const listen = (thread: number): SharePartEvents => ({
    onFrame(part) {
      framedMs = Math.max(framedMs, part.testTimeMs);
      collector.add(thread, part);
    },
    onDone() {
      collector.end(thread);
      ended.add(thread);
      if (--undone > 0) {
        tellIdle();
        return;
      }
      for (const feed of feeds) feed.close();
      returnRows();
      events.onDone(collector.last, framedMs);
    },
    onFault(error) {
      if (failed || closing !== null) return;
      failed = true;
      events.onFault(error);
      close().catch(events.onFault);
    },
    onStarted(instant) {
      startedAt = Math.max(startedAt, instant);
      if (--unbegun === 0) events.onStarted(startedAt);
    },
    onIdle(now, of) {
      if (of < changes) return;
      idle[thread] = now;
      tellIdle();
    },
    onWant: (scenario) => feeds[scenario]?.want(),
    onClaim: (scenario, through) => events.onClaim(nameOf(scenario), through),
    onArrivals: (arrivals) => events.onArrivals({ ...arrivals, thread, threads }),
    onSpareRow(line, row) {
      const feed = feeds[line];
      if (undone > 0) feed?.add([[row, row + 1]], false);
    },
    onRowsOver(feeder) {
      if (!rowsOver.has(feeder)) events.onRowsOver(feeders[feeder]?.name ?? "");
      rowsOver.add(feeder);
    },
  });

  const lines = listLines(plan);
  const isRows = (line: number) => feeders[line - plan.scenarios.length]?.mode === "unique";
  /** Unique rows that nobody here has claimed go back to the owner. */
  const returnRows = () => {
    if (leaseMemory === null) return;
    feeds.forEach((feed, line) => {
      const ranges = isRows(line) ? feed.release() : [];
      if (ranges.length > 0) events.onReturn(nameOf(line), ranges);
    });
  };
  const nameOf = (line: number) => lines[line] ?? "";

  growHeapSlowly(plan.vus);
  const parts = createParts(options, dealer.parts, claimMemory, listen);
  const first = parts[0] as SharePart;
  const feeds = lines.map((_, position) =>
    createIterationFeed({
      clock,
      claims,
      position,
      iterations: share.scenarios[position]?.iterations ?? [],
      tellThreads(ranges, last) {
        for (const part of parts) part.allot(position, ranges, last);
      },
      onWant: () => events.onWant(nameOf(position)),
      onSpare: isRows(position) && leaseMemory !== null ? (ranges) => events.onReturn(nameOf(position), ranges) : null,
    }),
  );
  const isShared = (position: number) => plan.scenarios[position]?.scenario.load.mode === "shared-iterations";
  const isDealt = (line: number) => isShared(line) || isRows(line);

  return {
    async prepare() {
      const indexes = await indexFeeders(feeders, options.files, stopIndexing.signal);
      await Promise.all(parts.map((part) => part.prepare(indexes)));
      const rows = indexes.map((index) => index.rows);
      if (leaseMemory === null) {
        // Nobody deals: all of them are this share's.
        rows.forEach((count, at) => feeds[plan.scenarios.length + at]?.add([[0, count]], true));
      }
      return rows;
    },
    async setup() {
      try {
        return await first.setup();
      } finally {
        collector.flush();
      }
    },
    start(at, shared, pauses = []) {
      plan.scenarios.forEach(({ scenario: { name } }, position) =>
        scenarioClocks[position]?.start(pauses.find(({ scenario }) => scenario === name) ?? null),
      );
      testClock.start(at);
      for (const part of parts) part.start(at, shared, pauses);
      if (leaseMemory !== null) feeds.filter((_, line) => isDealt(line)).forEach((feed) => feed.start());
    },
    async pause(atTestTimeMs) {
      const at = Math.max(atTestTimeMs, testClock.now() + (threads > 1 ? threadLeadMs : 0));
      const times = await Promise.all([testClock.pause(at), ...parts.map((part) => part.pause(at))]);
      return Math.max(...times);
    },
    resume(at, testTimeMs) {
      for (const part of parts) part.resume(at, testTimeMs);
      return testClock.resume(at, testTimeMs);
    },
    async pauseScenario(scenario, atMs) {
      const position = findScenario(plan, scenario);
      const own = clockOf(position);
      const stands = testClock.isFrozen(clock.now());
      const at = stands ? own.now() : Math.max(atMs, own.now() + (threads > 1 ? threadLeadMs : 0));
      const paused = Promise.all([own.pause(at), ...parts.map((part) => part.pauseScenario(position, at))]);
      return whenActing(
        stands,
        paused.then((times) => Math.max(...times)),
        at,
      );
    },
    resumeScenario(scenario, atMs, pausedMs) {
      const position = findScenario(plan, scenario);
      for (const part of parts) part.resumeScenario(position, atMs, pausedMs);
      const own = scenarioClocks[position];
      const stands = testClock.isFrozen(clock.now());
      const now = own?.now() ?? 0;
      return whenActing(stands, own?.resume(atMs, pausedMs) ?? Promise.resolve(now), now);
    },
    async scale(scenario, target, overMs, atMs) {
      const position = checkScale(plan, scenario, target);
      const own = clockOf(position);
      const at = Math.max(0, atMs ?? own.now());
      if (plan.scenarios[position]?.scenario.load.mode !== "constant-arrival-rate") {
        largestVu = Math.max(largestVu, target);
      }
      noteChange();
      for (const part of parts) part.scale(position, at, target, overMs);
      if (at <= own.now()) return own.now();
      // Also a scenario that stands by itself: one that came in before its pause may stand earlier than the others.
      const stands = own.isFrozen(clock.now());
      return whenActing(stands, new Promise((resolve) => own.at(at, () => resolve(Math.max(at, own.now())))), at);
    },
    async release(kept) {
      const unstarted = kept.scenarios.map(({ vus }, position) =>
        vus.length === 0 && isShared(position) ? (feeds[position]?.release() ?? []) : [],
      );
      const dealt = dealer.release(kept);
      const begun = await Promise.all(parts.map((part, thread) => part.release(dealt[thread] as Share)));
      if (kept.scenarios.every(({ vus }) => vus.length === 0)) returnRows();
      return {
        unstarted,
        begun: plan.scenarios.map(({ scenario }, position) =>
          scenario.load.mode === "per-vu-iterations" ? begun.flatMap((ofPart) => ofPart[position] ?? []) : [],
        ),
      };
    },
    grant(whole) {
      const dealt = dealer.grant(whole);
      noteChange();
      parts.forEach((part, thread) => part.grant(dealt[thread] as Share));
    },
    allot(line, ranges, last) {
      const at = lines.indexOf(line);
      // What comes after the end: iterations are the owner's to count, rows go back.
      if (undone === 0 && !isRows(at)) return;
      feeds[at === -1 ? findScenario(plan, line) : at]?.add(ranges, last);
      if (undone === 0) returnRows();
    },
    claimed(scenario, through) {
      const position = findScenario(plan, scenario);
      for (const part of parts) part.claimed(position, through);
    },
    proceed: (scenario, thread, points) => parts[thread]?.proceed(scenario, points),
    suspend: () => changeLease(true),
    goOn: () => changeLease(false),
    stop(graceMs) {
      for (const part of parts) part.stop(graceMs);
    },
    async teardown(shared) {
      try {
        await first.teardown(shared);
      } finally {
        collector.flush();
      }
    },
    close,
  };

  function changeLease(suspended: boolean): void {
    if (leaseMemory !== null) setSuspended(leaseMemory, suspended);
    for (const part of parts) part.watchLease();
  }
}

/**
 * When a command of a scenario is said to act. While the execution stands at once: it has come to everybody, and the
 * resume of all is ordered only behind it.
 */
function whenActing(stands: boolean, acting: Promise<number>, timeMs: number): Promise<number> {
  return stands ? Promise.resolve(timeMs) : acting;
}
