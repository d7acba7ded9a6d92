import fc from "fast-check";
import { expect, test } from "vitest";
import { completeScenario, completeWorkflow } from "../../test/support/workflow-fixtures.ts";
import { listIndices } from "../plan/index-runs.ts";
import { makePlan } from "../plan/make-plan.ts";
import { dealPlan } from "./deal-plan.ts";

const planOf = (counts: readonly number[]) =>
  makePlan(
    completeWorkflow({
      scenarios: counts.map((vus, at) =>
        completeScenario({ name: `s${at}`, load: { mode: "constant-vus", vus, durationMs: 1_000, rampUpMs: 0 } }),
      ),
    }),
  );

test.each([
  ["the guide's example: two of 200 share 400", [400], [200, 200], [200, 200]],
  ["by the free room", [300], [400, 200], [200, 100]],
  ["who gets nothing is left out", [2], [100, 100, 100], [1, 1]],
  ["several scenarios fit together where each alone would round up", [1, 1], [1, 1], [1, 1]],
  ["an unlimited one counts as the whole plan", [300], [Number.MAX_SAFE_INTEGER, 300], [150, 150]],
])("%s", (_what, counts, rooms, expected) => {
  const dealt = dealPlan(
    planOf(counts),
    rooms.map((free, at) => ({ id: `slave-${at}`, free })),
  );
  expect(dealt.map(({ vus }) => vus)).toEqual(expected);
});

test("the shares are a partition of all VUs, and none is larger than its slave's room", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }),
      (counts, some) => {
        const vus = counts.reduce((sum, count) => sum + count, 0);
        const missing = vus - some.reduce((sum, room) => sum + room, 0);
        const rooms = missing > 0 ? [...some, missing] : some;
        const dealt = dealPlan(
          planOf(counts),
          rooms.map((free, at) => ({ id: String(at), free })),
        );
        counts.forEach((count, scenario) => {
          const all = dealt.flatMap(({ share }) => listIndices(share.scenarios[scenario]?.vus ?? [], 0, count));
          expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, at) => at + 1));
        });
        for (const { id, vus: held } of dealt) expect(held).toBeLessThanOrEqual(rooms[Number(id)] ?? 0);
      },
    ),
  );
});
