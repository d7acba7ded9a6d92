import { makePlan } from "../../src/plan/make-plan.ts";
import type { Load } from "../../src/protocol/load.ts";
import { findLargestVus } from "../../src/plan/profiles/load-profile.ts";
import type { Plan, PlannedScenario } from "../../src/protocol/plan.ts";
import type { Scenario, Step, Workflow } from "../../src/protocol/workflow.ts";
import { createScenario, createWorkflow } from "../support/staged-run.ts";
import type { Dice } from "./random.ts";

const step = { id: "s", name: "s", type: "noop" } as Step;

/** A workflow of one to three scenarios of any mode, or of this one, as a plan; `choices`: draws of its own for what its VUs do. */
export function pickPlan(dice: Dice, choices: Dice, mode: Load["mode"] | null): Plan {
  const { between, chance } = dice;
  const durationMs = between(4, 20) * 1_000;
  const scenarios = Array.from({ length: chance(0.6) ? 1 : between(2, 3) }, (_, at) =>
    createScenario(pickLoad(dice, durationMs, mode), {
      name: `scenario${at}`,
      gracefulStopMs: 500,
      startTimeMs: chance(0.8) ? 0 : between(100, 2_000),
    }),
  ).map((scenario) => (choices.chance(0.2) ? withMeeting(scenario, choices) : scenario));
  const fields: Partial<Workflow> = {
    metrics: {},
    setup: chance(0.3) ? [step] : [],
    teardown: chance(0.3) ? [step] : [],
    onSlaveLoss: chance(0.75) ? "redistribute" : chance(0.7) ? "continue" : "abort",
    onSlaveJoin: chance(0.7) ? "fill" : "rebalance",
    ...(chance(0.5) ? withRows(between(1, 500)) : {}),
  };
  return makePlan(createWorkflow(scenarios, fields));
}

/** Where the VUs of a scenario meet, once in each iteration; null: they do not. */
export function readMeeting({ scenario }: Pick<PlannedScenario, "scenario">): Meeting | null {
  const found = scenario.steps.find(({ type }) => type === "rendezvous");
  return found === undefined ? null : (found.config as unknown as Meeting);
}

interface Meeting {
  readonly count: number | null;
  readonly timeoutMs: number;
}

function withMeeting(scenario: Scenario, { between, chance }: Dice): Scenario {
  const steady = scenario.load.mode === "constant-vus" || scenario.load.mode === "externally-controlled";
  const count = steady && chance(0.3) ? null : between(1, Math.min(6, findLargestVus(scenario.load)));
  const config = { count, timeoutMs: between(500, 5_000) };
  return { ...scenario, steps: [{ ...step, id: "meet", type: "rendezvous", config }] };
}

/** A feeder of so many unique rows. */
function withRows(rows: number): Pick<Workflow, "files" | "feeders"> {
  const feeder = { name: "rows", file: "rows.csv", format: "csv", mode: "unique", per: "iteration" } as const;
  return {
    files: [{ name: feeder.file, size: rows, hash: null }],
    feeders: [{ ...feeder, onEnd: "stop", delimiter: ",", encoding: "utf-8" }],
  };
}

function pickLoad({ between, chance, pick }: Dice, durationMs: number, mode: Load["mode"] | null): Load {
  const vus = between(1, 10);
  const rates = { timeUnitMs: 1_000, preAllocatedVus: vus, maxVus: vus + (chance(0.5) ? 0 : between(1, 4)) };
  const loads: readonly Load[] = [
    { mode: "constant-vus", vus, durationMs, rampUpMs: chance(0.5) ? 0 : durationMs / 2 },
    { mode: "externally-controlled", vus, maxVus: vus + 4, durationMs },
    {
      mode: "ramping-vus",
      startVus: 1,
      stages: [
        { durationMs: durationMs / 2, target: vus },
        { durationMs: durationMs / 2, target: 1 },
      ],
      gracefulRampDownMs: 500,
    },
    { mode: "shared-iterations", vus, iterations: between(1, 400), maxDurationMs: durationMs },
    { mode: "per-vu-iterations", vus, iterations: between(1, 60), maxDurationMs: durationMs },
    { mode: "constant-arrival-rate", rate: between(1, 30), durationMs, ...rates },
    {
      mode: "ramping-arrival-rate",
      startRate: between(0, 10),
      stages: [
        { durationMs: durationMs / 2, target: between(1, 30) },
        { durationMs: durationMs / 2, target: between(0, 10) },
      ],
      ...rates,
    },
  ];
  return pick(loads.filter((load) => mode === null || load.mode === mode));
}
