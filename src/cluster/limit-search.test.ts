import fc from "fast-check";
import { expect, test } from "vitest";
import { playSearch } from "../../test/support/played-search.ts";

const search = { from: 10, to: 1_000, factor: 1.5, hold: "4s", tolerance: "5%" };

test("a search rises by the factor, halves below the level that broke, rests between, and ends with what held", () => {
  const played = playSearch({ search, knee: 40 });
  played.run();
  const { find_limit: found, events, thresholds, ...verdict } = played.report();
  expect(verdict).toEqual({ status: "completed", passed: true, reason: null });
  expect(thresholds).toEqual([{ metric: "http_req_failed", condition: "rate < 0.1", passed: true, value: 0 }]);
  expect(found).toMatchObject({ scenario: "default", of: "rate", limit: 40 });
  expect(found?.reason).toBe("42/s does not hold: http_req_failed: rate < 0.1 was 1");
  expect(found?.levels.map(({ target, held }) => `${target}${held ? "+" : "-"}`)).toEqual([
    "10+",
    "15+",
    "23+",
    "35+",
    "53-",
    "44-",
    "40+",
    "42-",
  ]);
  expect(events.map(({ message }) => message)).toEqual([
    "1000 VUs on 1 slave(s)",
    "default to 15: 10/s held",
    "default to 23: 15/s held",
    "default to 35: 23/s held",
    "default to 53: 35/s held",
    "default to 10: 53/s broke: http_req_failed: rate < 0.1 was 1",
    "default to 44: it has recovered",
    "default to 10: 44/s broke: http_req_failed: rate < 0.1 was 1",
    "default to 40: it has recovered",
    "default to 42: 40/s held",
    "42/s does not hold: http_req_failed: rate < 0.1 was 1",
  ]);
});

test("nothing breaks up to `to`: that is the limit, and the reason says so", () => {
  const played = playSearch({ search: { ...search, to: 60 }, knee: 1_000 });
  played.run();
  expect(played.report()).toMatchObject({
    status: "completed",
    passed: true,
    find_limit: { limit: 60, reason: "everything up to 60/s holds; give a higher `to`" },
  });
});

test("the first level breaks: no limit, and the run failed by its thresholds", () => {
  const played = playSearch({ search, knee: 5 });
  played.run();
  expect(played.report()).toMatchObject({
    status: "failed",
    passed: false,
    reason: "thresholds",
    thresholds: [{ passed: false, value: 1 }],
    find_limit: { limit: null, reason: "10/s does not hold: http_req_failed: rate < 0.1 was 1" },
  });
});

test("a target that never recovers ends the search: the levels between would break whatever they are", () => {
  const played = playSearch({ search, knee: 40, lasting: true });
  played.run();
  const found = played.report().find_limit;
  expect(found?.levels.map(({ target, held }) => `${target}${held ? "+" : "-"}`)).toEqual([
    "10+",
    "15+",
    "23+",
    "35+",
    "53-",
  ]);
  expect(found).toMatchObject({
    limit: 35,
    reason:
      "53/s does not hold: http_req_failed: rate < 0.1 was 1; the target did not recover from it at 10/s, " +
      "so what lies above 35/s is not known",
  });
});

test("starts that find no VU break a level though the thresholds hold", () => {
  const played = playSearch({ search, knee: 1_000, droppedAt: (rate) => (rate > 30 ? 0.1 : 0) });
  played.run();
  const found = played.report().find_limit;
  expect(found?.limit).toBe(30);
  expect(found?.levels.find(({ target }) => target === 35)).toMatchObject({
    held: false,
    achieved_per_s: 31,
    dropped: 16,
  });
  expect(found?.reason).toMatch(/^31\/s does not hold: 12 of 124 starts found no free VU; give a higher `max_vus`$/);
});

test("a search whose time is over says so and gives what held so far", () => {
  const played = playSearch({ search, knee: 40, options: { max_duration: "20s" } });
  played.run();
  expect(played.report()).toMatchObject({
    status: "completed",
    passed: true,
    find_limit: { limit: 23, reason: expect.stringContaining("give a longer `max_duration`") as string },
  });
});

test("a stop in the middle aborts it; what held so far stands", () => {
  const played = playSearch({ search, knee: 40 });
  played.run(15_000);
  played.tell({ type: "stop", command: "c", graceMs: 0, reason: "stopped_by_signal" });
  played.run(1_000);
  expect(played.report()).toMatchObject({
    status: "aborted",
    passed: true,
    find_limit: { limit: 15, reason: "the limit was not known yet: stopped by a signal" },
  });
});

test("nobody else scales what a search scales", () => {
  const played = playSearch({ search, knee: 40 });
  played.run(1_000);
  played.tell({ type: "scale", command: "c", scenario: "default", target: 500, overMs: 0 });
  expect(played.answers).toEqual(["scenario default: its load is set by the search for its limit"]);
  expect(played.load()).toBe(10);
});

test("warm-up comes before the first level", () => {
  const played = playSearch({ search, knee: 40, options: { warm_up: "10s" } });
  played.run();
  expect(played.report().find_limit).toMatchObject({ limit: 40 });
  expect(played.report().find_limit?.levels[0]).toMatchObject({ target: 10, from_ms: 10_000, to_ms: 16_500 });
});

test("a slave is lost in the middle of a level: the level begins again", () => {
  const played = playSearch({ search, knee: 40 });
  played.run(5_000);
  played.tell({ type: "join", slaveId: "other" });
  played.tell({ type: "lost", slaveId: "other" });
  played.run();
  expect(played.report().find_limit?.levels[0]).toMatchObject({ target: 10, from_ms: 5_250, to_ms: 11_750 });
  expect(played.report().find_limit?.limit).toBe(40);
});

test.each([
  ["a pause of all", undefined],
  ["a pause of the scenario", "default"],
])("%s in the middle of a level: it stands, and the search finds the same", (_, scenario) => {
  const played = playSearch({ search, knee: 40 });
  played.run(12_000);
  const before = played.state.search?.levels.length;
  played.tell(scenario === undefined ? { type: "pause", command: "p" } : { type: "pause", command: "p", scenario });
  played.run(60_000);
  expect(played.state.search?.levels.length).toBe(before);
  played.tell(scenario === undefined ? { type: "resume", command: "r" } : { type: "resume", command: "r", scenario });
  played.run();
  expect(played.report().find_limit?.limit).toBe(40);
});

test("for any knee, the highest level that held is below it, and the next that broke is near", () => {
  fc.assert(
    fc.property(
      fc.record({
        of: fc.constantFrom("rate" as const, "vus" as const),
        from: fc.integer({ min: 1, max: 20 }),
        above: fc.double({ min: 3, max: 60, noNaN: true }),
        factor: fc.double({ min: 1.15, max: 2, noNaN: true }),
        tolerance: fc.double({ min: 0.01, max: 0.3, noNaN: true }),
        hold: fc.integer({ min: 2, max: 12 }),
      }),
      ({ of, from, above, factor, tolerance, hold }) => {
        const knee = from * above;
        const played = playSearch({ search: { of, from, to: 5_000, factor, tolerance, hold: `${hold}s` }, knee });
        played.run();
        const found = played.report().find_limit;
        const limit = found?.limit ?? 0;
        const broken = Math.min(...(found?.levels ?? []).filter(({ held }) => !held).map(({ target }) => target));
        expect(limit).toBeLessThanOrEqual(knee);
        expect(broken).toBeGreaterThan(knee);
        expect(broken - limit).toBeLessThanOrEqual(Math.max(limit * tolerance, of === "vus" || limit >= 9 ? 1 : 0));
        expect(found?.reason).toMatch(/does not hold/);
      },
    ),
    { numRuns: 60 },
  );
});
