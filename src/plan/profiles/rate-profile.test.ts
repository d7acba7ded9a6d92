import fc from "fast-check";
import { expect, test } from "vitest";
import { computeArrivalTime, computeRate, countArrivals, createRateProfile, scaleRateProfile } from "./rate-profile.ts";

const constant = (rate: number, durationMs: number, timeUnitMs = 1000) =>
  createRateProfile(timeUnitMs, 0, [{ durationMs, from: rate, to: rate }]);

test("a constant rate: event k at k periods, none at the end", () => {
  const profile = constant(5000, 10_000);
  expect(countArrivals(profile)).toBe(50_000);
  expect([0, 1, 49_999, 50_000].map((k) => computeArrivalTime(profile, k))).toEqual([
    0,
    0.2,
    9999.8,
    Number.POSITIVE_INFINITY,
  ]);
  expect(countArrivals(constant(7, 10_000))).toBe(70);
  expect(countArrivals(constant(1.5, 1000))).toBe(2);
  expect(countArrivals(constant(90, 60_000, 60_000))).toBe(90);
});

test("a constant rate does not drift: after a day event k is where k periods say", () => {
  const profile = constant(3, 86_400_000);
  expect(computeArrivalTime(profile, 3 * 86_000)).toBeCloseTo(86_000_000, 5);
});

test("a ramping rate: starts where the area reaches whole numbers; the remainder carries into the next stage", () => {
  const profile = createRateProfile(1000, 1, [
    { durationMs: 1500, from: 0, to: 1 },
    { durationMs: 1000, from: 1, to: 1 },
  ]);
  expect(countArrivals(profile)).toBe(1);
  expect(computeArrivalTime(profile, 0)).toBeCloseTo(1750, 6);
  expect(computeArrivalTime(profile, 1)).toBe(Number.POSITIVE_INFINITY);
});

test("a falling rate ends where its root does; a stage of no duration is a jump", () => {
  const falling = createRateProfile(1000, 1, [{ durationMs: 2000, from: 4, to: 0 }]);
  expect([0, 1, 2, 3, 4].map((k) => Math.round(computeArrivalTime(falling, k)))).toEqual([
    268,
    586,
    1000,
    2000,
    Number.POSITIVE_INFINITY,
  ]);
  const jump = createRateProfile(1000, 1, [
    { durationMs: 1000, from: 1, to: 1 },
    { durationMs: 0, from: 1, to: 10 },
    { durationMs: 1000, from: 10, to: 10 },
  ]);
  expect(countArrivals(jump)).toBe(11);
  expect(computeArrivalTime(jump, 1)).toBeCloseTo(1100, 6);
});

test("property: start times rise, stay within the load, and their number is the area under the rate", () => {
  const stage = fc.record({ durationMs: fc.integer({ min: 1, max: 5000 }), rate: fc.integer({ min: 0, max: 50 }) });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 50 }), fc.array(stage, { minLength: 1, maxLength: 4 }), (start, stages) => {
      const profile = createRateProfile(
        1000,
        1,
        stages.map(({ durationMs, rate }, at) => ({ durationMs, from: stages[at - 1]?.rate ?? start, to: rate })),
      );
      const area = stages.reduce(
        (sum, { durationMs, rate }, at) => sum + (((stages[at - 1]?.rate ?? start) + rate) / 2) * (durationMs / 1000),
        0,
      );
      const count = countArrivals(profile);
      expect(Math.abs(count - area)).toBeLessThan(1 + 1e-6);
      let previous = 0;
      for (let k = 0; k < count; k++) {
        const time = computeArrivalTime(profile, k);
        expect(time).toBeGreaterThanOrEqual(previous);
        expect(time).toBeLessThanOrEqual(profile.endMs);
        previous = time;
      }
      expect(computeArrivalTime(profile, count)).toBe(Number.POSITIVE_INFINITY);
    }),
  );
});

test("scaling keeps the past, the numbering and the part of the next start that was already due", () => {
  const profile = constant(10, 2000);
  const scaled = scaleRateProfile(profile, 950, 100, 0);
  expect(scaled.endMs).toBe(2000);
  expect(computeArrivalTime(scaled, 9)).toBeCloseTo(900, 6);
  expect(computeArrivalTime(scaled, 10)).toBeCloseTo(955, 6);
  expect(computeRate(scaled, 940)).toBe(10);
  const ramped = scaleRateProfile(profile, 1000, 20, 2000);
  expect(computeRate(ramped, 1500)).toBe(12.5);
  expect(ramped.endMs).toBe(2000);
  const stopped = scaleRateProfile(profile, 1000, 0, 0);
  expect(computeArrivalTime(scaleRateProfile(stopped, 1500, 10, 0), 10)).toBeCloseTo(1000, 6);
});
