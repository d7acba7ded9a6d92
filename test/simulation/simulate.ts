import { computeLeaseTimes } from "../../src/cluster/lease-times.ts";
import { isBehind } from "../../src/cluster/seen-record.ts";
import { createLiveThresholds } from "../../src/cluster/live-thresholds.ts";
import { createSnapshot } from "../../src/measure/snapshot.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import {
  checkBegun,
  checkDuration,
  checkFinal,
  checkMeetings,
  checkNobodyLost,
  checkPlanned,
  checkRows,
  checkTotals,
} from "./checks.ts";
import { createCommands } from "./commands.ts";
import { masterFrozen, planFaults, planLateMoves } from "./faults.ts";
import { BrokenRule, createGroundTruth } from "./ground-truth.ts";
import { createNetwork } from "./network.ts";
import { pickPlan, readMeeting } from "./pick-plan.ts";
import { createDice } from "./random.ts";
import { pickSelection } from "./selection.ts";
import { createSimulatedFleet } from "./simulated-fleet.ts";
import { createSimulatedMaster, type SimulatedMaster } from "./simulated-master.ts";
import { createSimulatedTime } from "./simulated-time.ts";
import { checkWhole } from "./whole.ts";

/** What happened, for a failure message and for looking at the spread of the seeds. */
export interface Outcome {
  readonly operations: number;
  /** The faults and commands that were played, with their times. */
  readonly faults: readonly string[];
  readonly status: string;
  readonly lost: number;
}

/** Gets a line for everything that happens, with its true time; for one seed that is looked into. */
export type Trace = (line: string) => void;

/**
 * Plays one execution on a random fleet with random faults. `lateMoves`: of iterations of each VU, with VUs that move and
 * are scaled about the end. Throws BrokenRule.
 */
export async function simulate(
  seed: number,
  { lateMoves = false, trace = null }: { readonly lateMoves?: boolean; readonly trace?: Trace | null } = {},
): Promise<Outcome> {
  const dice = createDice(seed);
  const { between, chance, random } = dice;
  const choices = createDice(seed * 7 + 3);
  const time = createSimulatedTime();
  const store = createMemoryStore();
  const times = computeLeaseTimes(between(2_000, 5_000), 1_000);
  const plan = pickPlan(dice, choices, lateMoves ? "per-vu-iterations" : null);
  time.settles = plan.scenarios.some((planned) => readMeeting(planned) !== null);
  const { workflow } = plan;
  const slaveCount = between(1, 4);
  const room = Math.ceil(plan.vus / slaveCount) + (chance(0.7) ? plan.vus : 0);
  const executionId = "x";
  const network = createNetwork(time, dice);
  const trimRate = chance(0.5) ? 0 : random() * 0.3;
  const crashRate = chance(0.8) ? 0 : random() * 0.15;
  const ids = Array.from({ length: slaveCount }, (_, at) => `s${at}`);
  const { mayHold, shares } = pickSelection(choices, plan, ids, room);
  const truth = createGroundTruth(
    plan.scenarios.map(({ largestVus }) => largestVus),
    mayHold,
  );
  const token = await store.acquire(executionId);
  let final = false;
  const fleet = createSimulatedFleet({
    executionId,
    times,
    time,
    truth,
    dice,
    network,
    trace,
    master: (): SimulatedMaster => master,
    isOver: () => final,
  });
  const commands = createCommands({ dice, time, plan, truth, master: (): SimulatedMaster => master });
  const master = createSimulatedMaster({
    store,
    time,
    random,
    crashRate,
    trimRate,
    trace,
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
      mayHold,
    },
    deliver: (slaveId, incarnation, order, stamp) =>
      network.transmit(slaveId, () => fleet.deliver(slaveId, incarnation, order, stamp)),
    deliverOld: (slaveId, incarnation, order, stamp) =>
      fleet.bySource.get(`${slaveId}#${incarnation}`)?.receive(order, stamp),
    onAnswered: (answer) => commands.noteAnswer(answer),
    onDeath: () => commands.forget(),
    onWentBack: () => truth.defer(),
    onFinal: () => {
      if (!final) checkFinal(fleet.bySource, master.fleet);
      final = true;
    },
  });
  for (const id of ids) fleet.launch(id, 1);
  const durationMs = Math.max(...plan.scenarios.map((planned) => planned.durationMs ?? 0));
  const copyDice = createDice(seed * 11 + 5);
  const happening = { dice, copyDice, time, times, ids, fleet, network, master, commands, durationMs };
  const faults: string[] = [];
  planFaults(happening, faults);
  if (lateMoves) planLateMoves(happening, plan, faults);
  time.after(0, () => master.tell({ type: "begin" }));

  const summarize = (): Outcome => {
    const { core, lost } = master.fleet;
    return { operations: truth.operations, faults, status: core.cause?.reason ?? "completed", lost: lost.iterations };
  };
  const explain = (error: unknown): unknown =>
    error instanceof BrokenRule ? new BrokenRule(error.message, `[${faults.join("; ")}]`) : error;
  try {
    if (!(await time.run(() => final, durationMs + 240_000))) {
      const { core, sources, members } = master.fleet;
      const states = core.slaves.map(({ id, state }) => `${id} ${state}`).join(", ");
      throw new BrokenRule(
        "every execution ends",
        `phase ${core.phase}, ${states}, sources ${JSON.stringify([...sources])}, members ${JSON.stringify([...members.values()])}`,
      );
    }
    // What was frozen or cut off still comes in, late.
    const isQuiet = () => [...fleet.bySource.values()].every((slave) => !slave.alive || slave.finished);
    await time.run(isQuiet, time.now + 60_000);
    do {
      await time.run(() => !master.frozen, time.now + 60_000);
      await time.run(() => false, time.now + 3_000);
    } while (master.frozen);
    commands.checkAnswered();
    checkTotals(fleet.bySource, master.fleet, master.gaps);
    // Of an owner whose record was too old nothing more can be asked than its end, and the truth about it; nor of one
    // that never heard from those who knew.
    const unheard = [...fleet.bySource.values()].some(({ agent }) => isBehind(master.fleet, agent.seen));
    if (unheard || master.fleet.core.cause?.message.includes("store is older") === true) return summarize();
    if (truth.deferred !== null) throw truth.deferred;
    checkPlanned(master.fleet, truth, master.now());
    checkBegun(master.fleet, truth, master.now(), master.gaps);
    checkDuration(master.fleet, truth, master.now() - time.now, network.weather.longestDelayMs + 500);
    const onlyFrozen = faults.every((fault) => fault.includes(masterFrozen));
    if (onlyFrozen && network.weather.lossRate === 0 && crashRate === 0) checkNobodyLost(master.fleet);
    const undisturbed = faults.length === 0 && network.weather.lossRate === 0 && crashRate === 0;
    checkRows(master.fleet, truth, fleet.bySource, undisturbed);
    checkMeetings(plan, truth, undisturbed);
    const { cause } = master.fleet.core;
    if (undisturbed && cause !== null) {
      throw new BrokenRule("an undisturbed execution completes", cause.message);
    }
    checkWhole({ plan, truth, faults, weather: network.weather, crashRate, times, room, slaveCount });
  } catch (error) {
    throw explain(error);
  }
  return summarize();
}
