import fc from "fast-check";
import { expect, test } from "vitest";
import { cutStripe, cutStripes, scaleStripe, type Stripe } from "./stripe.ts";

const values = [7, 10, 100, 101, 400];

test.each([
  {
    weights: [1, 1, 1],
    offsets: [[0], [1], [2]],
    split: [
      [3, 2, 2],
      [4, 3, 3],
      [34, 33, 33],
      [34, 34, 33],
      [134, 133, 133],
    ],
  },
  {
    weights: [50, 25, 25],
    offsets: [[0, 2], [1], [3]],
    split: [
      [4, 2, 1],
      [5, 3, 2],
      [50, 25, 25],
      [51, 25, 25],
      [200, 100, 100],
    ],
  },
  {
    weights: [200, 100, 100, 50],
    offsets: [[0, 3, 5, 7], [1, 6], [2, 8], [4]],
    split: [
      [3, 2, 1, 1],
      [5, 2, 2, 1],
      [45, 22, 22, 11],
      [45, 23, 22, 11],
      [178, 89, 89, 44],
    ],
  },
  {
    weights: [1, 1, 1, 1],
    offsets: [[0], [1], [2], [3]],
    split: [
      [2, 2, 2, 1],
      [3, 3, 2, 2],
      [25, 25, 25, 25],
      [26, 25, 25, 25],
      [100, 100, 100, 100],
    ],
  },
])("weights $weights are striped as k6 stripes them", ({ weights, offsets, split }) => {
  const stripes = cutStripes(weights);
  const period = weights.reduce((sum, weight) => sum + weight, 0) / Math.min(...weights);
  expect(stripes.map((stripe) => listMembers(stripe, period))).toEqual(offsets);
  expect(values.map((value) => stripes.map((stripe) => scaleStripe(stripe, value)))).toEqual(split);
});

test("a weight of 0 gets nothing", () => {
  expect(cutStripes([0, 2, 0]).map((stripe) => scaleStripe(stripe, 9))).toEqual([0, 9, 0]);
  expect(cutStripes([0, 0]).map((stripe) => scaleStripe(stripe, 9))).toEqual([0, 0]);
});

const someWeights = fc
  .array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 8 })
  .filter((weights) => weights.some((weight) => weight > 0));

test("property: the sum is exact, every part is monotone and within one of its weight's due for each other part", () => {
  fc.assert(
    fc.property(
      someWeights,
      fc.integer({ min: 0, max: 5000 }),
      fc.integer({ min: 0, max: 50 }),
      (weights, value, more) => {
        const stripes = cutStripes(weights);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const parts = stripes.map((stripe) => scaleStripe(stripe, value));
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(value);
        for (const [at, stripe] of stripes.entries()) {
          expect(scaleStripe(stripe, value + more)).toBeGreaterThanOrEqual(parts[at] ?? 0);
          expect(Math.abs((parts[at] ?? 0) - (value * (weights[at] ?? 0)) / total)).toBeLessThan(weights.length);
        }
      },
    ),
  );
});

test("property: nobody gets more than its weight while the whole fits into the weights", () => {
  fc.assert(
    fc.property(someWeights, fc.double({ min: 0, max: 1, noNaN: true }), (weights, part) => {
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const value = Math.floor(total * part);
      for (const [at, stripe] of cutStripes(weights).entries()) {
        expect(scaleStripe(stripe, value)).toBeLessThanOrEqual(weights[at] ?? 0);
      }
    }),
  );
});

test("property: cutting a stripe divides its members, each to one part", () => {
  fc.assert(
    fc.property(someWeights, someWeights, (weights, cutWeights) => {
      const last = 3000;
      for (const stripe of cutStripes(weights)) {
        const parts = cutStripes(cutWeights).map((part) => listMembers(cutStripe(stripe, part), last));
        expect(parts.flat().toSorted((a, b) => a - b)).toEqual(listMembers(stripe, last));
      }
    }),
    { numRuns: 50 },
  );
});

function listMembers(stripe: Stripe, last: number): number[] {
  const members: number[] = [];
  for (let base = 0; base < last; base += stripe.period) members.push(...stripe.offsets.map((offset) => base + offset));
  return members.filter((member) => member < last);
}
