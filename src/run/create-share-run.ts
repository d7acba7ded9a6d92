import { createRecorder } from "../measure/thread-recorder.ts";
import { cutShare } from "../plan/cut-plan.ts";
import type { Share } from "../protocol/plan.ts";
import { checkScale } from "./check-scale.ts";
import { createClaimMemory, createClaims } from "./claims.ts";
import { createFrameCollector } from "./frame-collector.ts";
import { createGeneratorWatch } from "./generator-watch.ts";
import { createInThread } from "./in-thread.ts";
import { createMasker } from "./masker.ts";
import { rehearseThenCompile } from "./rehearse.ts";
import type { SharePart, SharePartEvents } from "./share-part.ts";
import type { ShareRun, ShareRunEvents, ShareRunOptions } from "./share-run.ts";
import { spawnThread } from "./spawn-thread.ts";
import { createTestClock } from "./test-clock.ts";

/** Threads pause at a common test time; it is at least so far ahead, so that the order reaches them before. */
const threadLeadMs = 20;

/** Makes the run of a share, on one thread or on many. */
export function createShareRun(options: ShareRunOptions, events: ShareRunEvents): ShareRun {
  const { clock, plan } = options;
  const threads = Math.max(1, Math.min(options.threads, plan.vus));
  /** The same test time as in every part. */
  const testClock = createTestClock(clock);
  const collector = createFrameCollector(threads, events.onFrame);
  let undone = threads;
  let failed = false;
  let closing: Promise<void> | null = null;

  const close = (): Promise<void> => {
    closing ??= (async () => {
      await Promise.all(parts.map((part) => part.close()));
      collector.flush();
      testClock.close();
    })();
    return closing;
  };

  const listen = (thread: number): SharePartEvents => ({
    onFrame: (part) => collector.add(thread, part),
    onDone() {
      collector.end(thread);
      if (--undone === 0) events.onDone(collector.last);
    },
    onFault(error) {
      if (failed || closing !== null) return;
      failed = true;
      events.onFault(error);
      close().catch(events.onFault);
    },
  });

  const parts = createParts(options, threads, listen);
  const first = parts[0] as SharePart;

  return {
    async prepare() {
      await Promise.all(parts.map((part) => part.prepare()));
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
    },
    async pause(atTestTimeMs) {
      const at = Math.max(atTestTimeMs, testClock.now() + (threads > 1 ? threadLeadMs : 0));
      const times = await Promise.all([testClock.pause(at), ...parts.map((part) => part.pause(at))]);
      return Math.max(...times);
    },
    resume() {
      const at = clock.now();
      const testTimeMs = testClock.resume(at);
      for (const part of parts) part.resume(at, testTimeMs);
      return Promise.resolve(testTimeMs);
    },
    async scale(scenario, target, overMs) {
      const position = checkScale(plan, scenario, target);
      const testTimeMs = Math.max(0, testClock.now());
      for (const part of parts) part.scale(position, testTimeMs, target, overMs);
    },
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
}

function createParts(
  options: ShareRunOptions,
  threads: number,
  listen: (thread: number) => SharePartEvents,
): readonly SharePart[] {
  const { plan, share, inputs, slaveId, clock, random, log, permit } = options;
  const claimMemory = createClaimMemory(plan.scenarios.length);
  if (threads > 1) {
    return cutShare(share, plan, threads).map((cut: Share, thread) =>
      spawnThread({ plan, share: cut, inputs, slaveId, threads, claimMemory }, { clock, log }, listen(thread)),
    );
  }
  const masker = createMasker(inputs.secrets);
  const recorder = createRecorder({ clock, masker });
  const context = { workflow: plan.workflow, inputs, slaveId, recorder, clock, random, log, permit, masker };
  const claims = createClaims(claimMemory, 1);
  const watch = createGeneratorWatch();
  return [createInThread({ plan, share, context, claims, watch, compile: rehearseThenCompile(plan) }, listen(0))];
}
