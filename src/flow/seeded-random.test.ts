import { expect, test } from "vitest";
import { createSeededRandom } from "./seeded-random.ts";

test("the same seed gives the same numbers, another others, spread evenly over [0, 1)", () => {
  const draw = (seed: number, count: number) => Array.from({ length: count }, createSeededRandom(seed));
  expect(draw(7, 5)).toEqual(draw(7, 5));
  expect(new Set([0, 1, 2, 3].map((seed) => draw(seed, 1)[0])).size).toBe(4);
  const many = draw(1, 100_000);
  expect(Math.min(...many)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...many)).toBeLessThan(1);
  for (let tenth = 0; tenth < 10; tenth++) {
    expect(Math.abs(many.filter((one) => Math.floor(one * 10) === tenth).length - 10_000)).toBeLessThan(500);
  }
});
