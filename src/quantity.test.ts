import fc from "fast-check";
import { expect, test } from "vitest";
import {
  formatBytes,
  formatDuration,
  formatPercent,
  isBareNumber,
  parseDuration,
  parsePercent,
  parseSize,
} from "./quantity.ts";

test.each([
  ["1s", 1000],
  ["1h30m", 5_400_000],
  ["1.5s", 1500],
  ["250us", 0.25],
  ["2d", 172_800_000],
  ["1m0.25s", 60_250],
  ["0", 0],
  ["500", 500],
  [30, 30],
  [-1, null],
  ["-1s", null],
  ["1 week", null],
  ["s", null],
  ["", null],
  ["1s 2", null],
  [Number.NaN, null],
  ["9".repeat(400), null],
])("parseDuration(%j) is %j", (value, expected) => {
  expect(parseDuration(value)).toBe(expected);
});

test.each([
  [512, 512],
  ["64kB", 64_000],
  ["64KiB", 65_536],
  ["1.5MB", 1_500_000],
  ["16 mb", 16_000_000],
  ["-1", null],
  ["1TBx", null],
])("parseSize(%j) is %j", (value, expected) => {
  expect(parseSize(value)).toBe(expected);
});

test.each([
  ["5%", 0.05],
  [0.25, 0.25],
  ["101%", null],
  ["x", null],
])("parsePercent(%j) is %j", (value, expected) => {
  expect(parsePercent(value)).toBe(expected);
});

test("a bare number is one without a unit", () => {
  expect([isBareNumber("30"), isBareNumber(" 1.5 "), isBareNumber("30s"), isBareNumber("")]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test("printing for people", () => {
  expect([0, 0.25, 1.5, 90_000, 5_400_000, 90_061_001].map(formatDuration)).toEqual([
    "0s",
    "250us",
    "1.5ms",
    "1m30s",
    "1h30m",
    "1d1h1m1.001s",
  ]);
  expect([0, 999, 999_900, 64_000, 1_536_000].map(formatBytes)).toEqual(["0 B", "999 B", "1 MB", "64 kB", "1.54 MB"]);
  expect([0, 0.0512, 1].map(formatPercent)).toEqual(["0%", "5.12%", "100%"]);
});

test("every duration of whole microseconds survives printing and parsing", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000_000_000 }), (micros) => {
      const ms = micros / 1000;
      expect(parseDuration(formatDuration(ms))).toBe(ms);
    }),
  );
});

test("parsing never throws and gives null or a non-negative number", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const value of [parseDuration(text), parseSize(text), parsePercent(text)]) {
        expect(value === null || value >= 0).toBe(true);
      }
    }),
  );
});
