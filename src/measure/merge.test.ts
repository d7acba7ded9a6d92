import fc from "fast-check";
import { expect, test } from "vitest";
import type { Measurements } from "./measurements.ts";
import { mergeHalted, mergeMeasurements } from "./merge.ts";
import { createRecorder, type ThreadRecorder } from "./thread-recorder.ts";

type Act = (recorder: ThreadRecorder) => void;

const tags = fc.record({ step: fc.constantFrom("a", "b", "ü") }, { requiredKeys: [] });

/** Something to record. Times of errors are equal, so that one recorder's sample is every order's sample. */
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(tags, fc.nat(1e6)).map(
    ([tag, amount]): Act =>
      (to) =>
        to.counter("http_reqs", tag).add(amount),
  ),
  fc.tuple(tags, fc.boolean()).map(
    ([tag, pass]): Act =>
      (to) =>
        to.rate("checks", tag).add(pass),
  ),
  fc.tuple(tags, fc.integer({ min: -1e6, max: 1e9 })).map(
    ([tag, value]): Act =>
      (to) =>
        to.trend("mine", tag).add(value),
  ),
  fc.tuple(fc.constantFrom("1050", "http_503"), fc.constantFrom("slow", "down")).map(
    ([code, message]): Act =>
      (to) =>
        to.error("a", code, message, () => ({ time: 5, url: "u", status: 503, body: "b" })),
  ),
);

function measure(acts: readonly Act[]): Measurements {
  const recorder = createRecorder({ clock: { wall: () => 5 }, masker: (text) => text });
  for (const one of acts) one(recorder);
  return recorder.cut();
}

test("any order and any grouping gives what one recorder gives, to the bit", () => {
  fc.assert(
    fc.property(fc.array(fc.array(act, { maxLength: 30 }), { maxLength: 6 }), fc.nat(6), (parts, cut) => {
      const whole = mergeMeasurements([measure(parts.flat())]);
      const measured = parts.map(measure);
      expect(mergeMeasurements(measured)).toEqual(whole);
      expect(mergeMeasurements(measured.toReversed())).toEqual(whole);
      const [left, right] = [mergeMeasurements(measured.slice(0, cut)), mergeMeasurements(measured.slice(cut))];
      expect(mergeMeasurements([right, left])).toEqual(whole);
    }),
  );
});

test("gauges of one interval take the larger value and the whole range", () => {
  const set = (...values: readonly number[]) =>
    measure(
      values.map(
        (value): Act =>
          (recorder) =>
            recorder.gauge("queue", {}).set(value),
      ),
    );
  for (const parts of [
    [set(3, 9), set(5, 1)],
    [set(5, 1), set(3, 9)],
  ]) {
    expect(mergeMeasurements(parts).series).toMatchObject([{ type: "gauge", value: 9, min: 1, max: 9 }]);
  }
});

test("overflow counts add up by metric", () => {
  const over = (overflow: Measurements["overflow"]): Measurements => ({ series: [], errors: [], overflow });
  expect(mergeMeasurements([over({ b: 1, a: 2 }), over({ a: 3 })]).overflow).toEqual({ a: 5, b: 1 });
});

test("VUs that halted in any part are all told of, and none where there are none", () => {
  const halted = (begun: number) => ({ scenario: "s", begun, vus: [{ from: 1, to: 3, step: 1 }] });
  expect(mergeHalted([{}, { halted: [halted(1)] }, { halted: [halted(2), halted(3)] }])).toEqual({
    halted: [halted(1), halted(2), halted(3)],
  });
  expect(mergeHalted([{}, {}])).toEqual({});
});
