import { expect, test } from "vitest";
import { loadWorkflowObject } from "./load-workflow.ts";
import type { Overrides } from "./overrides.ts";

const thresholds = [{ metric: "http_req_duration", condition: "p(95) < 500ms" }];
const steps = [{ id: "get", type: "http", config: { url: "http://127.0.0.1/" } }];

function load(options: object, more: { readonly overrides?: Overrides; readonly scenarios?: object } = {}) {
  const { overrides, scenarios } = more;
  const body = scenarios === undefined ? { steps } : { scenarios };
  return loadWorkflowObject({ options: { thresholds, ...options }, ...body }, { env: {}, overrides });
}

function resolve(options: object, more = {}) {
  const loaded = load(options, more);
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  return loaded.workflow;
}

function problemsOf(options: object, more = {}) {
  const loaded = load(options, more);
  return "problems" in loaded ? loaded.problems.map(({ path, message }) => `${path}: ${message}`) : [];
}

test("a search of a rate begins as a constant arrival rate with VUs for the highest; its time is what it may take", () => {
  const workflow = resolve({ mode: "find-limit", find_limit: { from: 10, to: 400 } });
  expect(workflow.scenarios[0]?.limitSearch).toEqual({
    of: "rate",
    from: 10,
    to: 400,
    factor: 1.5,
    settleMs: 7_500,
    holdMs: 30_000,
    restMs: 90_000,
    tolerance: 0.05,
  });
  expect(workflow.scenarios[0]?.load).toEqual({
    mode: "constant-arrival-rate",
    rate: 10,
    timeUnitMs: 1_000,
    // 12 levels up and 6 halves, with a rest after each of those and the one that broke.
    durationMs: 18 * 42_500 + 7 * 102_500,
    preAllocatedVus: 400,
    maxVus: 400,
  });
  expect(workflow.thresholds[0]?.windowMs).toBe(30_000);
});

test("a search of VUs begins as an externally controlled load; a short hold still settles for a second", () => {
  const find_limit = { of: "vus", from: 1, to: 50, factor: 2, hold: "3s", tolerance: "10%" };
  const workflow = resolve({ mode: "find-limit", find_limit, max_duration: "5m" });
  expect(workflow.scenarios[0]?.limitSearch).toMatchObject({
    of: "vus",
    settleMs: 1_000,
    holdMs: 3_000,
    tolerance: 0.1,
  });
  expect(workflow.scenarios[0]?.load).toMatchObject({ mode: "externally-controlled", vus: 1, maxVus: 50 });
  expect(workflow.options).toMatchObject({ mode: "find-limit", find_limit });
});

test("flags replace it: a rate of its own, or the mode over the fields of the file", () => {
  const options = { mode: "find-limit", find_limit: { from: 10, to: 400 } };
  const replaced = resolve(options, { overrides: { rate: 5, duration: "10s" } }).scenarios[0];
  expect(replaced).toMatchObject({ load: { mode: "constant-arrival-rate", rate: 5 }, limitSearch: null });
  const asked = resolve({ ...options, mode: "find-limit" }, { overrides: { vus: 30 } }).scenarios[0];
  expect(asked).toMatchObject({ load: { preAllocatedVus: 30, maxVus: 30 }, limitSearch: { from: 10 } });
});

const good = { from: 10, to: 400 };
test.each([
  ["no `find_limit`", {}, "options.mode: mode find-limit needs `find_limit`"],
  ["nothing to search", { find_limit: { from: 10, to: 10 } }, /^options\.find_limit\.to: `to` \(10\) is not above/],
  [
    "half a VU",
    { find_limit: { of: "vus", from: 1, to: 9.5 } },
    "options.find_limit.to: `9.5` is not a whole number of VUs",
  ],
  ["a short hold", { find_limit: { ...good, hold: "1s" } }, /^options\.find_limit\.hold: .*at least `2s`/],
  [
    "no tolerance",
    { find_limit: { ...good, tolerance: "0%" } },
    /^options\.find_limit\.tolerance: a tolerance is from/,
  ],
  [
    "small steps",
    { find_limit: { from: 1, to: 1e6, factor: 1.01 } },
    /^options\.find_limit: .*at most 100; give a larger/,
  ],
  ["no time", { find_limit: good, max_duration: "10s" }, /^options\.max_duration: a level alone takes 37\.5s/],
  [
    "VUs of a search of VUs",
    { find_limit: { ...good, of: "vus" }, max_vus: 9 },
    /^options\.max_vus: `max_vus` is not used/,
  ],
  ["no threshold", { find_limit: good, thresholds: [] }, /^options\.mode: .*needs a threshold/],
  [
    "an abort",
    { find_limit: good, thresholds: [{ ...thresholds[0], abort_on_fail: true }] },
    /^options\.thresholds: `abort_on_fail` has no meaning/,
  ],
  ["a duration", { find_limit: good, duration: "5m" }, /^options\.duration: `duration` is not used by mode find-limit/],
])("%s is a problem", (_, options, expected) => {
  const problems = problemsOf({ mode: "find-limit", ...options });
  expect(problems).toEqual([typeof expected === "string" ? expected : (expect.stringMatching(expected) as string)]);
});

test("one scenario of a run searches, the others are its background", () => {
  const [{ id: _, ...step } = { id: "" }] = steps;
  const search = { mode: "find-limit", find_limit: good, steps: [step] };
  const background = { mode: "constant-vus", vus: 1, duration: "1h", steps: [step] };
  expect(
    resolve({}, { scenarios: { search, background } }).scenarios.map(({ limitSearch }) => limitSearch?.to),
  ).toEqual([400, undefined]);
  expect(problemsOf({}, { scenarios: { search, other: search } })).toEqual([
    "scenarios.other.mode: search searches for its limit already; one scenario of a run may",
  ]);
});
