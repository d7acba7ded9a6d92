import { createScenario, createWorkflow } from "../support/staged-run.ts";
import { createLiveThresholds } from "../../src/cluster/live-thresholds.ts";
import { computeLeaseTimes } from "../../src/cluster/lease-times.ts";
import { createSnapshot, totalOf } from "../../src/measure/snapshot.ts";
import { cutPlan } from "../../src/plan/cut-plan.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Load } from "../../src/protocol/load.ts";
import type { Random } from "../../src/protocol/ports.ts";
import type { Step } from "../../src/protocol/workflow.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import { BrokenRule, createGroundTruth } from "./ground-truth.ts";
import { createSimulatedMaster } from "./simulated-master.ts";
import { createSimulatedSlave, type SimulatedSlave } from "./simulated-slave.ts";
import { createSimulatedTime } from "./simulated-time.ts";

/** What happened, for a failure message and for looking at the spread of the seeds. */
export interface Outcome {
  readonly operations: number;
  /** The faults and commands that were played, with their times. */
  readonly faults: readonly string[];
  readonly status: string;
}

const step = { id: "s", name: "s", type: "noop" } as Step;

/** Plays one execution on a random fleet with random faults. Throws BrokenRule. */
export async function simulate(seed: number): Promise<Outcome> {
  const random = createRandom(seed);
  const between = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
  const chance = (probability: number) => random() < probability;
  const time = createSimulatedTime();
  const store = createMemoryStore();
  const times = computeLeaseTimes(between(2_000, 5_000), 1_000);
  const vus = between(1, 12);
  const durationMs = between(4, 25) * 1_000;
  const load = pickLoad(vus, durationMs, random);
  const workflow = createWorkflow([createScenario(load, { gracefulStopMs: 500 })], {
    metrics: {},
    setup: chance(0.5) ? [step] : [],
    teardown: chance(0.5) ? [step] : [],
  });
  const plan = makePlan(workflow);
  const slaveCount = between(1, 4);
  const room = Math.ceil(vus / slaveCount) + (chance(0.7) ? vus : 0);
  const truth = createGroundTruth(plan.vus);
  const executionId = "x";
  const lossRate = chance(0.5) ? 0 : random() * 0.2;
  const copyRate = chance(0.5) ? 0 : random() * 0.2;
  const crashRate = chance(0.8) ? 0 : random() * 0.15;
  const longestDelay = chance(0.8) ? 40 : 400;
  const faults: string[] = [];
  const slaves: SimulatedSlave[] = [];
  const current = new Map<string, SimulatedSlave>();
  const cutOff = new Map<string, number>();
  let final = false;

  const transmit = (slaveId: string, arrive: () => void) => {
    if ((cutOff.get(slaveId) ?? 0) > time.now || chance(lossRate)) return;
    for (let copies = chance(copyRate) ? 2 : 1; copies > 0; copies--) time.after(1 + random() * longestDelay, arrive);
  };
  const ids = Array.from({ length: slaveCount }, (_, at) => `s${at}`);
  const shares = cutPlan(
    plan,
    ids.map(() => 1),
  );
  const token = await store.acquire(executionId);
  const master = createSimulatedMaster({
    store,
    time,
    random,
    crashRate,
    fleet: {
      executionId,
      plan,
      inputs: { env: {}, secrets: {} },
      slaves: ids.map((id, at) => ({ id, share: shares[at] ?? { scenarios: [] }, incarnation: 1 })),
      snapshot: createSnapshot(workflow),
      thresholds: createLiveThresholds(workflow),
      times,
      token,
      roomOf: () => room,
    },
    deliver: (slaveId, incarnation, order, stamp) =>
      transmit(slaveId, () => bySource.get(`${slaveId}#${incarnation}`)?.receive(order, stamp)),
    onFinal: () => {
      final = true;
    },
  });
  const bySource = new Map<string, SimulatedSlave>();
  const launch = (id: string, incarnation: number) => {
    const slave = createSimulatedSlave({
      id,
      incarnation,
      executionId,
      times,
      load,
      time,
      truth,
      random,
      wallOffsetMs: between(-5_000, 5_000),
      periodMs: 250,
      send: (fact) => transmit(id, () => master.tell({ type: "fact", slaveId: id, incarnation, fact })),
    });
    slaves.push(slave);
    current.set(id, slave);
    bySource.set(`${id}#${incarnation}`, slave);
  };
  /** Offers itself until it is taken or everything is over, as a slave that dials in does. */
  const dial = (id: string, incarnation: number) => {
    if (bySource.get(`${id}#${incarnation}`) === undefined) launch(id, incarnation);
    const offer = () => {
      if (final || master.fleet.sources.has(`${id}#${incarnation}`)) return;
      transmit(id, () => master.tell({ type: "offer", slaveId: id, incarnation }));
      time.after(500 + random() * 500, offer);
    };
    offer();
  };
  for (const id of ids) launch(id, 1);

  let lastTrouble = 0;
  for (let count = between(0, 4); count > 0; count--) {
    const at = between(0, durationMs + 4_000);
    const id = ids[between(0, ids.length - 1)] as string;
    const kind = between(0, 6);
    const forMs = between(100, times.timeoutMs * 2);
    time.after(at, () => {
      const slave = current.get(id) as SimulatedSlave;
      lastTrouble = Math.max(lastTrouble, time.now + forMs);
      if (kind === 0) {
        faults.push(`${time.now} kill ${id}`);
        slave.kill();
        if (chance(0.7)) time.after(forMs, () => dial(id, bySourceCount(bySource, id) + 1));
      } else if (kind === 1) {
        faults.push(`${time.now} freeze ${id} for ${forMs}`);
        slave.freeze(forMs);
        // A second process under the same id, while the frozen one may come back.
        if (chance(0.3)) time.after(forMs / 2, () => dial(id, bySourceCount(bySource, id) + 1));
      } else if (kind === 2) {
        faults.push(`${time.now} cut off ${id} for ${forMs}`);
        cutOff.set(id, time.now + forMs);
      } else if (kind === 3) {
        faults.push(`${time.now} restart the master after ${forMs / 4}`);
        master.restart(forMs / 4);
      } else if (kind === 4) {
        faults.push(`${time.now} drain ${id}`);
        master.tell({ type: "drain", slaveId: id });
        if (chance(0.7)) time.after(forMs / between(1, 20), () => master.tell({ type: "undrain", slaveId: id }));
      } else if (kind === 5) {
        faults.push(`${time.now} stop`);
        master.tell({ type: "stop", command: "stop", graceMs: 500, reason: "stopped_by_api" });
      } else {
        const late = `late${time.now}`;
        faults.push(`${time.now} join ${late}`);
        dial(late, 1);
      }
    });
  }
  time.after(0, () => master.tell({ type: "begin" }));

  const limit = durationMs + 240_000;
  const ended = await time.run(() => final, limit);
  const { core } = master.fleet;
  if (!ended)
    throw new BrokenRule(
      "every execution ends",
      `phase ${core.phase}, sources ${JSON.stringify([...master.fleet.sources])}, members ${JSON.stringify([...master.fleet.members.values()])} ${describe(faults)}`,
    );
  // What was frozen or cut off still comes in, late.
  await time.run(() => slaves.every((slave) => !slave.alive || slave.finished), time.now + 60_000);
  checkTotals(slaves, bySource, master.fleet, faults);
  if (faults.length === 0 && lossRate === 0 && core.cause !== null) {
    throw new BrokenRule("an undisturbed execution completes", core.cause.message);
  }
  checkWhole(seed, {
    truth,
    faults,
    lossRate,
    crashRate,
    longestDelay,
    timeoutMs: times.timeoutMs,
    room,
    vus: plan.vus,
    load,
    slaveCount,
  });
  return { operations: truth.operations, faults, status: core.cause?.reason ?? "completed" };
}

function bySourceCount(bySource: ReadonlyMap<string, SimulatedSlave>, id: string): number {
  return [...bySource.keys()].filter((name) => name.startsWith(`${id}#`)).length;
}

/** The target's own count is what was applied and what came late; of a killed slave, what it had sent. */
function checkTotals(
  slaves: readonly SimulatedSlave[],
  bySource: ReadonlyMap<string, SimulatedSlave>,
  fleet: {
    readonly sources: ReadonlyMap<string, { readonly high: number }>;
    readonly late: { readonly http_reqs: number };
    readonly core: { readonly snapshot: Parameters<typeof totalOf>[0] };
  },
  faults: readonly string[],
): void {
  let told = 0;
  for (const [name, slave] of bySource) {
    const high = fleet.sources.get(name)?.high ?? 0;
    told += slave.sumFrames(high);
    if (!slave.alive || !slaves.includes(slave) || !fleet.sources.has(name)) continue;
    if (!slave.finished)
      throw new BrokenRule("every frame of a living slave is acknowledged", `${name} ${describe(faults)}`);
    if (slave.uncut > 0) throw new BrokenRule("every operation is in a frame", `${name}: ${slave.uncut}`);
  }
  const total = totalOf(fleet.core.snapshot, "http_reqs");
  const applied = total?.type === "counter" ? Number(total.sum) : 0;
  if (applied + fleet.late.http_reqs !== told) {
    throw new BrokenRule(
      "applied + late = what the slaves did",
      `${applied} + ${fleet.late.http_reqs} is not ${told} ${describe(faults)}`,
    );
  }
}

/** After one loss that the survivors have room for, no VU stood still for longer than H + 1 s (and its own period). */
function checkWhole(
  seed: number,
  facts: {
    readonly truth: { findLongestGap(): number };
    readonly faults: readonly string[];
    readonly lossRate: number;
    readonly crashRate: number;
    readonly longestDelay: number;
    readonly timeoutMs: number;
    readonly room: number;
    readonly vus: number;
    readonly load: Load;
    readonly slaveCount: number;
  },
): void {
  const { faults, lossRate, room, vus, truth, load, timeoutMs, slaveCount } = facts;
  const [only] = faults;
  if (
    faults.length > 1 ||
    lossRate > 0 ||
    facts.crashRate > 0 ||
    facts.longestDelay > 40 ||
    load.mode === "ramping-vus"
  )
    return;
  if (only !== undefined && (!/ (kill|freeze) /.test(only) || room < vus || slaveCount < 2)) return;
  const allowed = only === undefined ? 1_000 : timeoutMs + 1_000 + 375;
  const gap = truth.findLongestGap();
  if (gap > allowed)
    throw new BrokenRule(
      "the load is whole again within H + 1 s of a loss",
      `seed ${seed}: ${gap} > ${allowed}: ${describe(faults)}`,
    );
}

function pickLoad(vus: number, durationMs: number, random: Random): Load {
  const pick = random();
  if (pick < 0.6) return { mode: "constant-vus", vus, durationMs, rampUpMs: random() < 0.5 ? 0 : durationMs / 2 };
  if (pick < 0.8) return { mode: "externally-controlled", vus, maxVus: vus + 2, durationMs };
  const stages = [
    { durationMs: durationMs / 2, target: vus },
    { durationMs: durationMs / 2, target: 1 },
  ];
  return { mode: "ramping-vus", startVus: 1, stages, gracefulRampDownMs: 500 };
}

function describe(faults: readonly string[]): string {
  return `[${faults.join("; ")}]`;
}

/** mulberry32: small, and the same everywhere. */
function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
