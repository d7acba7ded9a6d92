import type { LeaseTimes } from "../../src/cluster/lease-times.ts";
import type { Plan } from "../../src/protocol/plan.ts";
import type { Commands } from "./commands.ts";
import type { Network } from "./network.ts";
import type { Dice } from "./random.ts";
import type { SimulatedFleet } from "./simulated-fleet.ts";
import type { SimulatedMaster } from "./simulated-master.ts";
import type { SimulatedTime } from "./simulated-time.ts";

export interface FaultOptions {
  readonly dice: Dice;
  /** For copies of the store alone: the other draws are the same with and without them. */
  readonly copyDice: Dice;
  readonly time: SimulatedTime;
  readonly times: LeaseTimes;
  readonly ids: readonly string[];
  readonly fleet: SimulatedFleet;
  readonly network: Network;
  readonly master: SimulatedMaster;
  readonly commands: Commands;
  readonly durationMs: number;
}

type Fault = (options: FaultOptions, id: string, forMs: number) => string;

const drain: Fault = ({ dice, time, master }, id, forMs) => {
  master.tell({ type: "drain", slaveId: id });
  if (dice.chance(0.7)) time.after(forMs / dice.between(1, 20), () => master.tell({ type: "undrain", slaveId: id }));
  return `drain ${id}`;
};

/** How the record tells of a master that is frozen, before for how long, ms. */
export const masterFrozen = "freeze the master for";

const join: Fault = ({ time, fleet }) => {
  const late = `late${time.now}`;
  fleet.dial(late);
  return `join ${late}`;
};

const cutOff: Fault = ({ network }, id, forMs) => {
  network.cutOff(id, forMs);
  return `cut off ${id} for ${forMs}`;
};

const kill: Fault = ({ dice, time, fleet }, id, forMs) => {
  fleet.find(id).kill();
  if (dice.chance(0.7)) time.after(forMs, () => fleet.dial(id));
  return `kill ${id}`;
};

const moves: readonly Fault[] = [drain, drain, drain, join, cutOff, kill];

/** Everything that may happen to a cluster; each gives its name for the record. */
const faults: readonly Fault[] = [
  kill,
  ({ dice, time, fleet }, id, forMs) => {
    fleet.find(id).freeze(forMs);
    // A second process under the same id, while the frozen one may come back.
    if (dice.chance(0.3)) time.after(forMs / 2, () => fleet.dial(id));
    return `freeze ${id} for ${forMs}`;
  },
  cutOff,
  ({ master }, _, forMs) => {
    master.restart(forMs / 4);
    return `restart the master after ${forMs / 4}`;
  },
  // Beyond the leases as well.
  ({ master }, _, forMs) => {
    master.restart(forMs);
    return `restart the master after ${forMs}`;
  },
  freezeMaster,
  freezeMaster,
  ({ time, times, master, network }, id, forMs) => {
    master.split(forMs / 4);
    time.after(forMs / 4 + times.timeoutMs, () => network.cutOff(id, times.timeoutMs * 3));
    return `split the master after ${forMs / 4} and cut off ${id}`;
  },
  drain,
  drain,
  join,
  ({ dice, time, commands }, _, forMs) => {
    if (dice.chance(0.9))
      time.after(forMs, () => {
        commands.resume();
      });
    return commands.pause();
  },
  pauseScenario,
  pauseScenario,
  ({ commands }) => commands.scale(),
  ({ commands }) => commands.scale(),
];

function freezeMaster({ master }: FaultOptions, _: string, forMs: number): string {
  master.freeze(forMs);
  return `${masterFrozen} ${forMs}`;
}

/** A copy of the store is taken, and a while later a new master starts on it. */
const goBack: Fault = ({ copyDice, times, master }, _, forMs) => {
  const downMs = copyDice.between(100, times.timeoutMs * 2);
  master.goBack(forMs, downMs);
  return `in ${forMs} a new master after ${downMs}, on a copy of the store of now`;
};

function pauseScenario({ dice, time, master, commands }: FaultOptions, _: string, forMs: number): string {
  const at = dice.between(0, master.fleet.core.plan.scenarios.length - 1);
  if (dice.chance(0.9))
    time.after(forMs, () => {
      commands.resumeScenario(at);
    });
  return commands.pauseScenario(at);
}

/** Chooses what happens and when; `played` fills as it does. */
export function planFaults(options: FaultOptions, played: string[]): void {
  const { dice, time, times, ids, durationMs } = options;
  for (let count = dice.between(0, 5); count > 0; count--) {
    const at = dice.between(0, durationMs + 4_000);
    const id = dice.pick(ids);
    const fault = dice.pick(faults);
    const forMs = dice.between(100, times.timeoutMs * 2);
    time.after(at, () => {
      played.push(`${time.now} ${fault(options, id, forMs)}`);
    });
  }
  const { copyDice } = options;
  if (copyDice.chance(0.15)) {
    const forMs = copyDice.between(100, times.timeoutMs * 3);
    time.after(copyDice.between(0, durationMs + 2_000), () => {
      played.push(`${time.now} ${goBack(options, "", forMs)}`);
    });
  }
  if (dice.chance(0.1)) {
    time.after(dice.between(0, durationMs), () => {
      played.push(`${time.now} ${options.commands.stop()}`);
    });
  }
  // A pause for ever is nobody's wish, and a caller of a master that died asks again.
  const goOn = () => {
    options.master.fleet.core.plan.scenarios.forEach(({ scenario }, at) => {
      const paused = options.master.fleet.core.pausedScenarios.get(scenario.name);
      if (paused !== undefined && paused.standsAtMs !== null)
        played.push(`${time.now} ${options.commands.resumeScenario(at)}`);
    });
    if (options.master.fleet.core.pausedAt !== null) played.push(`${time.now} ${options.commands.resume()}`);
    time.after(5_000, goOn);
  };
  time.after(durationMs + 15_000, goOn);
}

/** The same for what moves VUs, and asks for more or fewer of them, about the end of a scenario's load. */
export function planLateMoves(options: FaultOptions, plan: Plan, played: string[]): void {
  const { dice, time, times, ids, commands } = options;
  const { scenario, durationMs } = dice.pick(plan.scenarios);
  const endMs = 600 + scenario.startTimeMs + (durationMs ?? 0);
  const play = (of: () => string) => {
    time.after(endMs + dice.between(-1_500, 300), () => {
      played.push(`${time.now} ${of()}`);
    });
  };
  for (let count = dice.between(1, 2); count > 0; count--) play(() => commands.scale());
  for (let count = dice.between(0, 3); count > 0; count--) {
    const id = dice.pick(ids);
    const fault = dice.pick(moves);
    const forMs = dice.between(100, times.timeoutMs);
    play(() => fault(options, id, forMs));
  }
}
