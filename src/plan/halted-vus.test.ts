import fc from "fast-check";
import { expect, test } from "vitest";
import { packHalted, unpackHalted } from "./halted-vus.ts";

const begun = fc.array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.nat(20)), { maxLength: 300 });

test("how far each VU has come is the most that was told of it; who has begun none is not told of", () => {
  fc.assert(
    fc.property(begun, begun, (first, second) => {
      const most = new Map<number, number>();
      for (const [vu, count] of [...first, ...second]) {
        if (count > 0) most.set(vu, Math.max(count, most.get(vu) ?? 0));
      }
      const told = [...packHalted("s", first), ...packHalted("other", [[1, 99]]), ...packHalted("s", second)];
      expect(new Map(unpackHalted("s", told, 200))).toEqual(most);
    }),
  );
});

test("many that have begun as many are one entry, and indices beyond the last are nobody's", () => {
  const all = Array.from({ length: 10_000 }, (_, at) => [at * 3 + 1, 60] as const);
  const told = packHalted("s", all);
  expect(told).toEqual([{ scenario: "s", begun: 60, vus: [{ from: 1, to: 29_998, step: 3 }] }]);
  expect([...unpackHalted("s", told, 7)]).toEqual([
    [1, 60],
    [4, 60],
    [7, 60],
  ]);
});
