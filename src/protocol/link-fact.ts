import {
  type Check,
  fields,
  flag,
  json,
  list,
  name,
  oneOf,
  optional,
  orNull,
  pair,
  readObject,
  real,
  text,
  variants,
  whole,
} from "./link-check.ts";
import { checkFrame } from "./link-frame.ts";
import type { JsonObject } from "./json.ts";
import type { Arrivals, Fact } from "./message.ts";
import type { IterationRange, VuIteration } from "./plan.ts";
import type { SharedValues } from "./report.ts";
import { Misfit } from "./link-check.ts";

const nothing = fields<Record<never, never>>({});
const testTime = real();
/** Epoch ms of clocks that may be far off. */
export const epochMs = real(-8.64e15, 8.64e15);

/** Half-open ranges of iterations. */
export const iterationRange: Check<IterationRange> = (value) => {
  const range = pair(whole(), whole())(value);
  if (range[0] > range[1]) throw new Misfit("ends before it begins");
  return range;
};

/** A VU's index and an iteration of it. */
export const vuIteration: Check<VuIteration> = pair(whole(1), whole());

/** Values of a workflow's own: any JSON under any name. */
export const sharedValues: Check<SharedValues> = (value) => {
  const values = readObject(value);
  for (const item of Object.values(values)) json(item);
  // Each is JSON, as the parser made it.
  return values as SharedValues;
};

const jsonObject: Check<JsonObject> = (value) => sharedValues(value);
const failure = { message: text(), timedOut: flag };

/** What a slave may say of an execution. */
export const checkFact: Check<Fact> = variants<Fact>({
  prepared: fields({ rows: optional(list(whole())) }),
  rows_over: fields({ feeder: text() }),
  prepare_failed: fields({ code: name, message: text() }),
  setup_done: fields({ shared: sharedValues }),
  setup_failed: fields(failure),
  started: fields({ atWallMs: orNull(epochMs) }),
  frame: fields({ frame: checkFrame }),
  applied: fields({ command: name, testTimeMs: orNull(testTime) }),
  done: fields({ lastFrame: whole(), testTimeMs: optional(testTime) }),
  teardown_done: nothing,
  teardown_failed: fields(failure),
  fault: fields({ message: text(), fields: optional(jsonObject) }),
  heartbeat: fields({
    sequence: whole(1),
    lastFrame: orNull(whole()),
    testTimeMs: optional(testTime),
    suspended: flag,
    seen: pair(whole(), whole()),
  }),
  released: fields({
    epoch: whole(),
    serials: list(whole()),
    unstarted: list(list(iterationRange)),
    begun: list(list(vuIteration)),
  }),
  granted: fields({ epoch: whole() }),
  idle: fields({ epoch: whole(), serial: whole() }),
  want: fields({ scenario: text(), serial: whole() }),
  claim: fields({ scenario: text(), serial: whole(1), through: list(vuIteration) }),
  return: fields({ line: text(), serial: whole(1), ranges: list(iterationRange) }),
  arrive: fields({
    scenario: text(),
    thread: whole(),
    threads: whole(1),
    serial: whole(1),
    stage: oneOf("waiting", "loading", "over"),
    running: whole(),
    points: list(
      fields<Arrivals["points"][number]>({
        step: text(),
        count: orNull(whole(1)),
        arrived: whole(),
        released: whole(),
        gone: whole(),
        leaving: whole(),
      }),
    ),
  }),
  closed: fields({ lastFrame: orNull(whole()) }),
});
