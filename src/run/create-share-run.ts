import { indexFeeders } from "../data/index-feeders.ts";
import { createRecorder } from "../measure/thread-recorder.ts";
import type { Share } from "../protocol/plan.ts";
import { checkScale, findScenario } from "../plan/check-scale.ts";
import { listLines } from "../plan/list-lines.ts";
import { createClaimMemory, createClaims } from "./claims.ts";
import { createShareDealer } from "./deal-share.ts";
import { createFrameCollector } from "./frame-collector.ts";
import { createGeneratorWatch } from "./generator-watch.ts";
import { growHeapSlowly } from "./grow-heap-slowly.ts";
import { createInThread } from "./in-thread.ts";
import { createIterationFeed } from "./iteration-feed.ts";
import { createOwnerOffset, setSuspended } from "./lease-memory.ts";
import { createMasker } from "./masker.ts";
import { createPermit } from "./permit.ts";
import { rehearseThenCompile } from "./rehearse.ts";
import type { SharePart, SharePartEvents } from "./share-part.ts";
import type { ShareRun, ShareRunEvents, ShareRunOptions } from "./share-run.ts";
import { spawnThread } from "./spawn-thread.ts";
import { createTestClock } from "./test-clock.ts";

/** Threads pause at a common test time; it is at least so far ahead, so that the order reaches them before. */
const threadLeadMs = 20;

/** Makes the run of a share, on one thread or on many. */
export function createShareRun(options: ShareRunOptions, events: ShareRunEvents): ShareRun {
  const { clock, plan, share, leaseMemory } = options;
  const threads = Math.max(1, Math.min(options.threads, plan.vus));
  /** The same test time as in every part. */
  const testClock = createTestClock(clock);
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
      testClock.close();
      return collector.last;
    })();
    return closing;
  };

  const tellIdle = () => {
    if (idle.every((now, thread) => now || ended.has(thread))) events.onIdle();
  };
  const noteChange = () => {
    changes++;
    idle.fill(false);
  };

  const listen = (thread: number): SharePartEvents => ({
    onFrame: (part) => collector.add(thread, part),
    onDone() {
      collector.end(thread);
      ended.add(thread);
      if (--undone > 0) {
        tellIdle();
        return;
      }
      for (const feed of feeds) feed.close();
      returnRows();
      events.onDone(collector.last);
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
    start(at, shared) {
      testClock.start(at);
      for (const part of parts) part.start(at, shared);
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
    async scale(scenario, target, overMs, atTestTimeMs) {
      const position = checkScale(plan, scenario, target);
      const at = Math.max(0, atTestTimeMs ?? testClock.now());
      if (plan.scenarios[position]?.scenario.load.mode !== "constant-arrival-rate") {
        largestVu = Math.max(largestVu, target);
      }
      noteChange();
      for (const part of parts) part.scale(position, at, target, overMs);
      if (at > testClock.now()) await new Promise<void>((resolve) => testClock.at(at, resolve));
      return Math.max(at, testClock.now());
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
    abandon() {
      for (const part of parts) part.abandon();
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

function createParts(
  options: ShareRunOptions,
  shares: readonly Share[],
  claimMemory: SharedArrayBuffer,
  listen: (thread: number) => SharePartEvents,
): readonly SharePart[] {
  const {
    plan,
    inputs,
    slaveId,
    files,
    clock,
    random,
    log,
    leaseMemory,
    targets,
    connections,
    opensFiles,
    seed: commonSeed,
  } = options;
  const threads = shares.length;
  if (threads > 1) {
    return shares.map((share, thread) => {
      const seed = Math.floor(random() * 2 ** 32);
      const input = {
        plan,
        share,
        inputs,
        slaveId,
        files,
        threads,
        claimMemory,
        leaseMemory,
        targets,
        connections,
        opensFiles,
        seed,
        commonSeed,
      };
      return spawnThread(input, { clock, log }, listen(thread));
    });
  }
  const masker = createMasker(inputs.secrets);
  const recorder = createRecorder({ clock, masker });
  const permit = createPermit(targets, leaseMemory, clock);
  const context = {
    workflow: plan.workflow,
    inputs,
    slaveId,
    recorder,
    clock,
    random,
    log,
    permit,
    ownerOffsetMs: createOwnerOffset(leaseMemory),
    masker,
    connections,
    opensFiles,
    threads: 1,
    files,
  };
  const claims = createClaims(claimMemory, 1);
  const watch = createGeneratorWatch();
  const compile = rehearseThenCompile(plan);
  const share = shares[0] as Share;
  const part = { plan, share, context, leaseMemory, claims, seed: commonSeed, watch, compile };
  return [createInThread(part, listen(0))];
}
