import { plainGet } from "../../src/protocol/http-config.ts";
import type { JsonObject } from "../../src/protocol/json.ts";
import { onTestFinished } from "vitest";
import { cutPlan } from "../../src/plan/cut-plan.ts";
import { endless, listIndices } from "../../src/plan/index-runs.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import { packIndices } from "../../src/plan/move-indices.ts";
import type { Frame } from "../../src/protocol/frame.ts";
import type { Load } from "../../src/protocol/load.ts";
import type { Plan, ScenarioShare, Share, VuIteration } from "../../src/protocol/plan.ts";
import type { Scenario } from "../../src/protocol/workflow.ts";
import { createShareRun } from "../../src/run/create-share-run.ts";
import { createLeaseMemory, writeLease } from "../../src/run/lease-memory.ts";
import type { ShareRun } from "../../src/run/share-run.ts";
import { createSystemClock } from "../../src/run/system-clock.ts";
import { systemTime } from "../../src/run/system-time.ts";
import { tellingHeaders } from "./counting-target.ts";
import { completeScenario, completeStep, completeWorkflow } from "./workflow-fixtures.ts";

export const clock = createSystemClock(systemTime);

/** A slave of a test: a share run and what it said. */
export interface TestSlave {
  readonly id: string;
  readonly run: ShareRun;
  readonly leaseMemory: SharedArrayBuffer;
  readonly frames: Frame[];
  readonly faults: unknown[];
  readonly done: Promise<number>;
  isDone(): boolean;
  /** Sum of a counter over all frames so far. */
  sum(metric: string): number;
}

export interface TestSlaveOptions {
  readonly id: string;
  readonly threads: number;
  readonly plan: Plan;
  readonly share: Share;
  onIdle?(): void;
  onWant?(scenario: string): void;
  onClaim?(scenario: string, through: readonly VuIteration[]): void;
}

/** A plan of one scenario whose iterations are one request that tells the target who sends it. */
export function planTellingLoad(url: string, load: Load, fields: Partial<Scenario> = {}): Plan {
  const headers = Object.entries(tellingHeaders);
  const config = { ...plainGet(url), headers } as unknown as JsonObject;
  const scenario = completeScenario({ load, steps: [completeStep({ id: "tell", type: "http", config })], ...fields });
  return makePlan(completeWorkflow({ scenarios: [scenario] }));
}

/** The plan's first partition, with every VU named by its index. */
export function cutNamed(plan: Plan, weights: readonly number[]): Share[] {
  return cutPlan(plan, weights).map(({ scenarios }) => ({
    scenarios: scenarios.map((part, at) => ({
      ...part,
      vus: packIndices(listIndices(part.vus, 0, plan.scenarios[at]?.largestVus ?? 0)),
    })),
  }));
}

/** The VU indices of a share's first scenario. */
export function listVus(share: Share): number[] {
  return listIndices(share.scenarios[0]?.vus ?? [], 0, endless);
}

/** A share of one scenario. */
export function shareOf(part: Partial<ScenarioShare>): Share {
  return { scenarios: [{ vus: [], arrivals: [], iterations: [], ...part }] };
}

/** A slave with a lease that lasts; it ends with the test. */
export function makeTestSlave({ id, threads, plan, share, onIdle, onWant, onClaim }: TestSlaveOptions): TestSlave {
  const leaseMemory = createLeaseMemory();
  writeLease(leaseMemory, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  const frames: Frame[] = [];
  const faults: unknown[] = [];
  const done = Promise.withResolvers<number>();
  let ended = false;
  const run = createShareRun(
    {
      plan,
      share,
      inputs: { env: {}, secrets: {} },
      slaveId: id,
      files: new Map(),
      seed: 0,
      threads,
      clock,
      random: Math.random,
      log: () => undefined,
      targets: null,
      connections: {},
      opensFiles: false,
      leaseMemory,
    },
    {
      onArrivals: () => undefined,
      onFrame: (frame) => frames.push(frame),
      onDone(last) {
        ended = true;
        done.resolve(last);
      },
      onFault: (error) => faults.push(error),
      onStarted: () => undefined,
      onIdle: () => onIdle?.(),
      onWant: (scenario) => onWant?.(scenario),
      onRowsOver: () => undefined,
      onReturn: () => undefined,
      onClaim: (scenario, through) => onClaim?.(scenario, through),
    },
  );
  onTestFinished(async () => {
    await run.close();
  });
  return {
    id,
    run,
    leaseMemory,
    frames,
    faults,
    done: done.promise,
    isDone: () => ended,
    sum: (metric) =>
      frames
        .flatMap(({ series }) => series)
        .reduce((total, one) => (one.type === "counter" && one.key.metric === metric ? total + one.sum : total), 0),
  };
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => clock.at(clock.now() + ms, resolve));
}
