import fc from "fast-check";
import { expect, test } from "vitest";
import { createLoadProfile } from "./load-profile.ts";
import { countVus, findLargestCount, findNextChange, scaleVuProfile, type VuProfile } from "./vu-profile.ts";

function ramp(startVus: number, stages: readonly (readonly [durationMs: number, target: number])[]): VuProfile {
  const profile = createLoadProfile({
    mode: "ramping-vus",
    startVus,
    stages: stages.map(([durationMs, target]) => ({ durationMs, target })),
    gracefulRampDownMs: 0,
  });
  if (profile.kind !== "vus") throw new Error("a profile of VUs was expected");
  return profile.vus;
}

/** Every [time, count] at which the count changes. */
function listChanges(profile: VuProfile): (readonly [number, number])[] {
  const changes: (readonly [number, number])[] = [[0, countVus(profile, 0)]];
  for (let time = findNextChange(profile, 0); time !== Number.POSITIVE_INFINITY; time = findNextChange(profile, time)) {
    const count = countVus(profile, time);
    if (count !== changes.at(-1)?.[1]) changes.push([time, count]);
  }
  return changes;
}

test.each([
  [
    "rises when the line reaches a whole VU",
    ramp(0, [[1000, 4]]),
    [
      [0, 0],
      [250, 1],
      [500, 2],
      [750, 3],
      [1000, 4],
    ],
  ],
  [
    "falls likewise",
    ramp(4, [[1000, 0]]),
    [
      [0, 4],
      [250, 3],
      [500, 2],
      [750, 1],
      [1000, 0],
    ],
  ],
  [
    "jumps in a stage of no duration",
    ramp(1, [
      [0, 5],
      [1000, 5],
      [0, 2],
    ]),
    [
      [0, 5],
      [1000, 2],
    ],
  ],
  [
    "holds between stages",
    ramp(2, [
      [500, 2],
      [500, 3],
      [500, 3],
    ]),
    [
      [0, 2],
      [1000, 3],
    ],
  ],
])("the count of VUs %s", (_, profile, changes) => {
  expect(listChanges(profile)).toEqual(changes);
});

test("property: walking the changes sees every change, and each moves towards the target by one", () => {
  const stage = fc.tuple(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 0, max: 40 }));
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 40 }),
      fc.array(stage, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: 12_000 }),
      (start, stages, time) => {
        const profile = ramp(start, stages);
        const changes = listChanges(profile);
        expect(countVus(profile, time)).toBe(changes.findLast(([at]) => at <= time)?.[1]);
        for (const [at, change] of changes.entries()) {
          if (at > 0) expect(Math.abs(change[1] - (changes[at - 1]?.[1] ?? 0))).toBe(1);
        }
        expect(changes.at(-1)?.[1]).toBe(stages.at(-1)?.[1]);
        expect(findLargestCount(profile)).toBe(Math.max(...changes.map(([, count]) => count)));
      },
    ),
  );
});

test("scaling leaves the past, turns to the target over its time and stays", () => {
  const scaled = scaleVuProfile(
    ramp(0, [
      [1000, 10],
      [1000, 0],
    ]),
    500,
    9,
    400,
  );
  expect(scaled.endMs).toBe(2000);
  expect([0, 400, 500, 599, 600, 900, 2000].map((time) => countVus(scaled, time))).toEqual([0, 4, 5, 5, 6, 9, 9]);
});
