import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startPointReceiver } from "../../test/support/point-receiver.ts";
import { applyFrame, createSnapshot, type Snapshot } from "../measure/snapshot.ts";
import type { Frame, SeriesDelta } from "../protocol/frame.ts";
import type { OutputSpec } from "../protocol/output.ts";
import { createSystemClock } from "../run/system-clock.ts";
import { systemTime } from "../run/system-time.ts";
import type { DeliveryLimits } from "./delivery.ts";
import { openOutputs, type PackedOutputs } from "./open-outputs.ts";
import { createFolder } from "../../test/support/workflows.ts";

const end = { status: "completed", passed: true, reason: null } as const;

function makeFrame(second: number, series: readonly SeriesDelta[], warmUp = false): Frame {
  const generator = { cpu: 0, eventLoopLagMs: 0, memory: 0 };
  return {
    number: second + 1,
    second,
    testTimeMs: second * 1_000,
    warmUp,
    series,
    errors: [],
    vus: [],
    overflow: {},
    generator,
  };
}

function counter(metric: string, sum: number, tags: Readonly<Record<string, string>> = {}): SeriesDelta {
  return { key: { metric, type: "counter", tags }, type: "counter", sum };
}

function makeSpec(fields: Pick<OutputSpec, "type" | "target">): OutputSpec {
  return { intervalMs: 1_000, headers: {}, token: null, format: "protobuf", histograms: "classic", ...fields };
}

function start(
  spec: OutputSpec,
  snapshot: Snapshot,
  packed: PackedOutputs | null = null,
  limits: Partial<DeliveryLimits> = {},
) {
  const outputs = openOutputs({
    specs: [spec],
    execution: { executionId: "e", workflowId: "w", workflowName: "W" },
    snapshot,
    startedAt: () => Date.UTC(2026, 0, 1),
    secrets: {},
    mask: (text) => text,
    locate: (path) => path,
    clock: createSystemClock(systemTime),
    random: Math.random,
    log: () => {},
    packed,
    limits,
  });
  const bring = (frame: Frame): void => {
    applyFrame(snapshot, "a", frame);
    outputs.note("a", frame);
  };
  return { outputs, bring };
}

function newFile(): string {
  return join(createFolder(), "points.json");
}

function sumIn(file: string, metric: string): number {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  const points = lines.map((line) => JSON.parse(line) as { metric: string; values: { count?: number } });
  return points.filter((point) => point.metric === metric).reduce((sum, { values }) => sum + (values.count ?? 0), 0);
}

test("ten thousand series a second are written whole, warm-up is not", { timeout: 60_000 }, async () => {
  const file = newFile();
  const { outputs, bring } = start(
    makeSpec({ type: "json", target: file }),
    createSnapshot({ metrics: {}, thresholds: [] }),
  );
  bring(makeFrame(0, [counter("http_reqs", 1_000)], true));
  for (let second = 1; second < 5; second++) {
    bring(
      makeFrame(
        second,
        Array.from({ length: 10_000 }, (_, at) => counter("http_reqs", at, { at: String(at) })),
      ),
    );
  }
  const [described] = await outputs.close(end);
  expect(described).toMatchObject({ sent: 40_000, dropped: 0, last_error: null });
  expect(sumIn(file, "http_reqs")).toBe((4 * 9_999 * 10_000) / 2);
});

test("a queue that is full counts what it lets go of: sent and dropped are all", { timeout: 60_000 }, async () => {
  let down = true;
  const receiver = await startPointReceiver(() => (down ? 503 : 204));
  const snapshot = createSnapshot({ metrics: {}, thresholds: [] });
  const limits = { mostPoints: 100, leastWaitMs: 50 };
  const { outputs, bring } = start(
    makeSpec({ type: "influxdb", target: `${receiver.url}/we` }),
    snapshot,
    null,
    limits,
  );
  bring(makeFrame(0, [counter("http_reqs", 1)]));
  bring(makeFrame(1, [counter("http_reqs", 1)]));
  await expect.poll(() => receiver.received.length).toBeGreaterThan(0);
  for (let second = 2; second < 500; second++) bring(makeFrame(second, [counter("http_reqs", 1)]));
  down = false;
  const [described] = await outputs.close(end);
  expect((described?.sent ?? 0) + (described?.dropped ?? 0)).toBe(500);
  expect(described?.sent).toBeLessThanOrEqual(101);
  expect(described?.retries).toBeGreaterThan(0);
  const lines = receiver.taken().flatMap((body) => body.toString().trimEnd().split("\n"));
  expect(lines).toHaveLength(described?.sent ?? -1);
});

test("a file goes on after a restart where it was packed, and what is replayed is written once", {
  timeout: 60_000,
}, async () => {
  const file = newFile();
  const spec = makeSpec({ type: "json", target: file });
  const frames = Array.from({ length: 12 }, (_, second) => makeFrame(second, [counter("http_reqs", 2 ** second)]));
  const before = start(spec, createSnapshot({ metrics: {}, thresholds: [] }));
  for (const frame of frames.slice(0, 6)) before.bring(frame);
  const packed = structuredClone(before.outputs.pack());
  const kept = createSnapshot({ metrics: {}, thresholds: [] });
  for (const frame of frames.slice(0, 6)) applyFrame(kept, "a", frame);
  for (const frame of frames.slice(6, 9)) before.bring(frame);
  await before.outputs.leave();

  const after = start(spec, kept, packed);
  for (const frame of frames.slice(6)) after.bring(frame);
  const [described] = await after.outputs.close(end);
  expect(sumIn(file, "http_reqs")).toBe(2 ** 12 - 1);
  expect(described).toMatchObject({ sent: 12, dropped: 0, last_error: null });
});

test("what was counted beside the frames is in the last interval", async () => {
  const file = newFile();
  const snapshot = createSnapshot({ metrics: {}, thresholds: [] });
  const { outputs, bring } = start(makeSpec({ type: "json", target: file }), snapshot);
  bring(makeFrame(0, [counter("iterations", 3), counter("dropped_iterations", 1)]));
  applyFrame(snapshot, "b", makeFrame(0, [counter("dropped_iterations", 4)]));
  await outputs.close(end);
  expect([sumIn(file, "iterations"), sumIn(file, "dropped_iterations")]).toEqual([3, 5]);
});

test("a secret without a value, or a file that cannot be opened, is told and counted", async () => {
  for (const [type, target, message] of [
    ["webhook", "http://127.0.0.1:1/${secret.GONE}", "secret.GONE has no value"],
    ["json", "/nowhere/points.json", "ENOENT"],
  ] as const) {
    const { outputs, bring } = start(makeSpec({ type, target }), createSnapshot({ metrics: {}, thresholds: [] }));
    bring(makeFrame(0, [counter("iterations", 3)]));
    const [described] = await outputs.close(end);
    expect(described).toMatchObject({ sent: 0, dropped: 1, retries: 0 });
    expect(described?.last_error).toContain(message);
  }
});
