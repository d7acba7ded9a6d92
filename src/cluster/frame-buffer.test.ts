import fc from "fast-check";
import { expect, test } from "vitest";
import { createRecorder } from "../measure/thread-recorder.ts";
import { applyFrame, createSnapshot, totalOf } from "../measure/snapshot.ts";
import { createFrame } from "../../test/support/stores.ts";
import type { Frame } from "../protocol/frame.ts";
import { acknowledgeFrames, addFrame, createFrameBuffer, isEmpty, listAfter, tellLast } from "./frame-buffer.ts";

/** What a second measured: two requests and a trend, a rate, a gauge and an error, all told by one number. */
function measure(second: number, value: number, warmUp: boolean): Frame {
  const recorder = createRecorder({ clock: { wall: () => second }, masker: (text) => text });
  recorder.counter("http_reqs", {}).add(value);
  recorder.trend("http_req_duration", { step: "a" }).add(value * 1_000);
  recorder.rate("checks", {}).add(value % 2 === 0);
  recorder.gauge("mine", {}).set(value);
  recorder.error("a", "1050", "slow", () => ({ time: second, url: "u", status: 0, body: "" }));
  const count = { scenario: "s", active: value, most: value, allocated: value, planned: value, iterations: second };
  const generator = { cpu: 0.5, eventLoopLagMs: value, memory: value };
  const rest = { second, testTimeMs: second * 1_000, warmUp, vus: [count], generator };
  return { number: 0, ...recorder.cut(), ...rest };
}

function merge(frames: readonly Frame[]) {
  const snapshot = createSnapshot({ metrics: { mine: "gauge" }, thresholds: [] });
  for (const frame of frames) applyFrame(snapshot, "s1", frame);
  const { warmUp, errors, testTimeMs } = snapshot;
  const metrics = ["http_reqs", "http_req_duration", "checks", "mine"].map((name) => totalOf(snapshot, name));
  return { warmUp, testTimeMs, metrics, errors: [...errors.kinds.values()].map(({ count }) => count) };
}

test("property: whatever is cut, acknowledged and lost, the buffer is bounded and no count is lost or changed", () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.nat(1_000).map((value) => ({ value, ack: null })) },
    { weight: 1, arbitrary: fc.nat(8).map((ack) => ({ value: null, ack })) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.nat(40), (steps, warm) => {
      const buffer = createFrameBuffer({ kept: 3, sent: 4, unsent: 5 });
      const cut: Frame[] = [];
      const sent = new Map<number, Frame>();
      const send = (frames: readonly Frame[]) => {
        for (const frame of frames) {
          expect(frame.number).toBe(sent.size + 1);
          sent.set(frame.number, frame);
        }
      };
      for (const { value, ack } of steps) {
        if (ack !== null) send(acknowledgeFrames(buffer, ack + buffer.last - buffer.sent.length));
        else {
          const frame = measure(cut.length, value ?? 0, cut.length < warm);
          cut.push(frame);
          send(addFrame(buffer, frame));
        }
        expect(buffer.sent.length).toBeLessThanOrEqual(4);
        expect(buffer.unsent.length).toBeLessThanOrEqual(5);
        // What was sent is sent again as it was.
        for (const frame of buffer.sent) expect(sent.get(frame.number)).toBe(frame);
      }
      const last = tellLast(buffer);
      while (!isEmpty(buffer)) send(acknowledgeFrames(buffer, buffer.last));
      expect(sent.size).toBe(last);
      expect(merge([...sent.values()])).toEqual(merge(cut));
    }),
  );
});

test("as long as all are acknowledged in time each second keeps its frame", () => {
  const buffer = createFrameBuffer();
  for (let number = 1; number <= 1_000; number++) {
    expect(addFrame(buffer, measure(number, number, false))).toMatchObject([{ number, second: number }]);
    if (number > 50) acknowledgeFrames(buffer, number - 50);
  }
});

test("property: with whatever number a store comes back, what it lacks is there as it was, or one frame stands for it", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.nat(40),
      fc.nat(40),
      fc.nat(10),
      (count, acknowledged, asked, limit) => {
        const buffer = createFrameBuffer({ kept: limit, sent: 60, unsent: 60 });
        const all = Array.from({ length: count }, (_, at) => addFrame(buffer, createFrame(0, at + 1))[0]);
        const through = Math.min(acknowledged, count);
        const after = Math.min(asked, count);
        acknowledgeFrames(buffer, through);
        expect(buffer.kept.length).toBe(Math.min(limit, through));
        const gone = Math.max(0, through - limit);
        const [first, ...rest] = listAfter(buffer, after);
        if (after >= gone) expect(first === undefined ? rest : [first, ...rest]).toEqual(all.slice(after));
        else {
          expect(first).toMatchObject({ number: gone, series: [], vus: [], gap: { after, told: {} } });
          expect(rest).toEqual(all.slice(gone));
        }
      },
    ),
  );
});

test("a frame that stands for others says how many iterations all before it told of, by scenario", () => {
  const buffer = createFrameBuffer({ kept: 1, sent: 60, unsent: 60 });
  const tell = (metric: string, scenario: string, sum: number) =>
    ({ key: { metric, type: "counter", tags: { scenario } }, type: "counter", sum }) as const;
  addFrame(buffer, { ...createFrame(0), series: [tell("iterations", "a", 5), tell("http_reqs", "a", 50)] });
  addFrame(buffer, { ...createFrame(0), series: [tell("dropped_iterations", "b", 2)] });
  addFrame(buffer, { ...createFrame(0), series: [tell("interrupted_iterations", "a", 1), tell("iterations", "b", 3)] });
  addFrame(buffer, { ...createFrame(0), series: [tell("iterations", "a", 100)] });
  acknowledgeFrames(buffer, 4);
  expect(listAfter(buffer, 1).map(({ number, gap }) => [number, gap])).toEqual([
    [3, { after: 1, told: { a: 6, b: 5 } }],
    [4, undefined],
  ]);
});
