import {
  type Check,
  fields,
  flag,
  list,
  Misfit,
  name,
  optional,
  orNull,
  readObject,
  real,
  table,
  text,
  variants,
  whole,
} from "./link-check.ts";
import { epochMs, iterationRange, sharedValues, vuIteration } from "./link-fact.ts";
import { indexRun } from "./link-frame.ts";
import type { Departures, Inputs, Order, OrderStamp, ScenarioPause } from "./message.ts";
import type { ArrivalPattern, Plan, Share } from "./plan.ts";

const nothing = fields<Record<never, never>>({});

const arrivals: Check<ArrivalPattern> = (value) => {
  const read = fields<ArrivalPattern>({
    from: whole(),
    to: orNull(whole()),
    period: whole(1),
    offsets: list(whole()),
  })(value);
  const fits = read.offsets.every((offset, at) => offset < read.period && offset > (read.offsets[at - 1] ?? -1));
  if (!fits) throw new Misfit("takes ascending offsets below its period");
  return read;
};

const share: Check<Share> = fields<Share>({
  scenarios: list(
    fields<Share["scenarios"][number]>({
      vus: list(indexRun),
      arrivals: list(arrivals),
      iterations: list(iterationRange),
      begun: optional(list(vuIteration)),
    }),
  ),
});

const texts = table(text());
const inputs: Check<Inputs> = fields<Inputs>({ env: texts, secrets: texts });

/**
 * A plan is made by the master that this slave dialled, from a workflow it has checked whole; here only what the split
 * counts with is looked at. What a workflow of a strange shape breaks is reported as a failure to prepare.
 */
const plan: Check<Plan> = (value) => {
  const read = fields<Omit<Plan, "workflow">>({
    scenarios: list((item) => ({
      ...fields<Omit<Plan["scenarios"][number], "scenario">>({
        vuBase: whole(),
        largestVus: whole(),
        durationMs: orNull(real()),
      })(item),
      scenario: readObject(readObject(item).scenario) as unknown as Plan["scenarios"][number]["scenario"],
    })),
    vus: whole(),
  })(value);
  const workflow = readObject(readObject(value).workflow);
  return { ...read, workflow: workflow as unknown as Plan["workflow"] };
};

const scenario = text();
const steering = { command: name, serial: whole(1) };

/** What an owner may order. */
export const checkOrder: Check<Order> = variants<Order>({
  prepare: fields({ executionId: name, plan, inputs, share }),
  setup: nothing,
  start: fields({
    shared: orNull(sharedValues),
    inMs: epochMs,
    atWallMs: optional(epochMs),
    pauses: optional(list(fields<ScenarioPause>({ scenario, pausedMs: real(), standsAtMs: orNull(real()) }))),
  }),
  pause: fields({ ...steering, atMs: real() }),
  resume: fields({ ...steering, atWallMs: epochMs, testTimeMs: real() }),
  pause_scenario: fields({ ...steering, scenario, atMs: real() }),
  resume_scenario: fields({ ...steering, scenario, atMs: real(), pausedMs: real() }),
  scale: fields({ ...steering, scenario, target: real(), overMs: real(), atMs: real() }),
  stop: fields({ command: name, graceMs: real() }),
  teardown: fields({ shared: orNull(sharedValues) }),
  ack: fields({ through: whole() }),
  renew: fields({ sequence: whole(1), ownerWallMs: epochMs }),
  release: fields({ epoch: whole(), share }),
  grant: fields({ epoch: whole(), share }),
  allot: fields({
    epoch: whole(),
    scenario,
    serial: whole(1),
    ranges: list(iterationRange),
    last: flag,
  }),
  taken_back: fields({ line: text(), serial: whole(1) }),
  claimed: fields({ scenario, serial: whole(1) }),
  proceed: fields({
    scenario,
    thread: whole(),
    points: list(
      fields<Departures>({
        step: text(),
        released: whole(),
        gone: whole(),
        came: whole(),
        needed: whole(),
        over: flag,
      }),
    ),
  }),
  resend: fields({ after: orNull(whole()) }),
  expel: nothing,
  close: nothing,
});

export const checkStamp: Check<OrderStamp> = fields<OrderStamp>({
  executionId: name,
  incarnation: whole(1),
  token: whole(),
  record: whole(),
});
