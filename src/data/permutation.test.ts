import fc from "fast-check";
import { expect, test } from "vitest";
import { createPermutation } from "./permutation.ts";

test("each value stands at exactly one place", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3_000 }), fc.nat(), (size, seed) => {
      const permute = createPermutation(size, seed);
      const values = Array.from({ length: size }, (_, place) => permute(place));
      expect(values.toSorted((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, place) => place));
    }),
    { numRuns: 100 },
  );
});

test("a seed gives its order again, another seed another", () => {
  const order = (seed: number) => Array.from({ length: 1_000 }, (_, place) => createPermutation(1_000, seed)(place));
  expect(order(1)).toEqual(order(1));
  expect(order(1)).not.toEqual(order(2));
});

test("neighbours do not stay neighbours", () => {
  const permute = createPermutation(10_000_000, 3);
  const near = Array.from({ length: 1_000 }, (_, place) => Math.abs(permute(place) - permute(place + 1)) < 1_000);
  expect(near.filter(Boolean).length).toBeLessThan(10);
});
