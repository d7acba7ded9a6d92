import { deserialize, serialize } from "node:v8";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createWorkflow } from "../../test/support/staged-run.ts";
import type { Frame, VuCount } from "../protocol/frame.ts";
import { buildReport } from "../report/build-report.ts";
import { type PackedSnapshot, packSnapshot, unpackSnapshot } from "./pack-snapshot.ts";
import { applyFrame, createSnapshot, type Snapshot } from "./snapshot.ts";
import { createRecorder, type ThreadRecorder } from "./thread-recorder.ts";

type Act = (recorder: ThreadRecorder) => void;

const tags = fc.record(
  { step: fc.constantFrom("a", "b", "ü"), status: fc.constantFrom("200", "503") },
  { requiredKeys: [] },
);

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(tags, fc.nat(1e6)).map(
    ([tag, amount]): Act =>
      (to) =>
        to.counter("http_reqs", tag).add(amount),
  ),
  fc.tuple(tags, fc.boolean()).map(
    ([tag, pass]): Act =>
      (to) =>
        to.rate("http_req_failed", tag).add(pass),
  ),
  fc.tuple(tags, fc.integer({ min: 0, max: 1e9 })).map(
    ([tag, value]): Act =>
      (to) =>
        to.trend("http_req_duration", tag).add(value),
  ),
  fc.tuple(tags, fc.integer({ min: -1e15, max: 1e15 })).map(
    ([tag, value]): Act =>
      (to) =>
        to.trend("mine", tag).add(value),
  ),
  fc.tuple(tags, fc.double({ noNaN: true, noDefaultInfinity: true })).map(
    ([tag, value]): Act =>
      (to) =>
        to.gauge("queue", tag).set(value),
  ),
  fc.tuple(fc.constantFrom("1050", "http_503"), fc.constantFrom("slow", "down", "odd")).map(
    ([code, message]): Act =>
      (to) =>
        to.error("a", code, message, () => ({ time: 5, url: "u", status: 503, body: "b" })),
  ),
);

const count = fc.nat(50);
const vus: fc.Arbitrary<VuCount> = fc.record({
  scenario: fc.constantFrom("one", "two"),
  active: count,
  most: count,
  allocated: count,
  planned: count,
  iterations: count,
});

const frame: fc.Arbitrary<{ readonly slaveId: string; readonly frame: Frame }> = fc
  .record({
    slaveId: fc.constantFrom("s1", "s2", "s3"),
    acts: fc.array(act, { maxLength: 12, size: "max" }),
    second: fc.nat(400),
    warmUp: fc.boolean(),
    vus: fc.array(vus, { maxLength: 2 }),
    generator: fc.record({ cpu: fc.double({ min: 0, max: 1, noNaN: true }), eventLoopLagMs: count, memory: count }),
  })
  .map(({ slaveId, acts, ...rest }) => {
    const recorder = createRecorder({ clock: { wall: () => rest.second }, masker: (text) => text });
    for (const one of acts) one(recorder);
    return { slaveId, frame: { number: 1, testTimeMs: rest.second * 1_000, ...recorder.cut(), ...rest } };
  });

const scenarios = [{ name: "one", steps: [{ id: "a", type: "http" }] }, { name: "two" }];

/** Small bounds, so that seconds roll up, series overflow and errors are lumped together. */
function createSmallSnapshot(): Snapshot {
  const windowed = { metric: "mine{step:a}", condition: "avg < 1", windowMs: 5_000, abortOnFail: false, delayMs: 0 };
  return createSnapshot({
    metrics: { mine: "trend", queue: "gauge" },
    thresholds: [{ ...windowed, noData: "pass" }],
    maxSeries: 8,
    maxErrorKinds: 3,
    scenarios,
    slavePoints: 60,
    windows: { fineSeconds: 20, coarseSpan: 10, maxPoints: 50 },
  });
}

function reportOf(snapshot: Snapshot) {
  return buildReport(snapshot, {
    engineVersion: "1",
    executionId: "x",
    workflow: createWorkflow([]),
    status: "completed",
    passed: true,
    degraded: false,
    reason: null,
    startedAt: 0,
    endedAt: 400_000,
    pausedMs: 0,
    thresholds: [],
    events: [],
    startSkewMs: null,
  });
}

test("packed at any point, stored and unpacked, the rest of the frames gives the same to the bit", () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 30, size: "max" }), fc.nat(30), (frames, at) => {
      const whole = createSmallSnapshot();
      const first = createSmallSnapshot();
      for (const each of frames) applyFrame(whole, each.slaveId, each.frame);
      for (const each of frames.slice(0, at)) applyFrame(first, each.slaveId, each.frame);
      const packed = packSnapshot(first);
      const bytes = serialize(packed);
      // What goes on in the packed snapshot itself must not reach the copy.
      for (const each of frames.slice(at)) applyFrame(first, each.slaveId, each.frame);
      expect(serialize(packed)).toEqual(bytes);
      const restored = unpackSnapshot(deserialize(bytes) as PackedSnapshot);
      for (const each of frames.slice(at)) applyFrame(restored, each.slaveId, each.frame);
      expect(packSnapshot(restored)).toEqual(packSnapshot(whole));
      expect(packSnapshot(first)).toEqual(packSnapshot(whole));
      expect(reportOf(restored)).toEqual(reportOf(whole));
    }),
  );
});

test("sums beyond 2^53 and counts beyond 2^32 keep their digits", () => {
  const snapshot = createSmallSnapshot();
  const most = 4_000_000_000;
  const buckets = { buckets: new Int32Array([7]), counts: new Uint32Array([most]) };
  for (let number = 1; number <= 3; number++) {
    applyFrame(snapshot, "s", {
      number,
      second: 0,
      testTimeMs: 0,
      warmUp: false,
      series: [
        {
          key: { metric: "mine", type: "trend", tags: {} },
          type: "trend",
          count: most,
          sum: Number.MAX_SAFE_INTEGER,
          min: 7,
          max: 7,
          ...buckets,
        },
      ],
      errors: [],
      vus: [],
      overflow: {},
      generator: { cpu: 0, eventLoopLagMs: 0, memory: 0 },
    });
  }
  const restored = unpackSnapshot(structuredClone(packSnapshot(snapshot)));
  const total = restored.metrics.get("mine")?.total;
  if (total?.type !== "trend") throw new Error("no trend");
  expect(total.sum).toBe(3n * BigInt(Number.MAX_SAFE_INTEGER));
  expect(total.histogram.count).toBe(12_000_000_000);
  expect(total.histogram.counts[7 - total.histogram.base]).toBe(12_000_000_000);
  expect(total.histogram.percentile(50)).toBe(7);
});
