import type { LeaseTimes } from "../../src/cluster/lease-times.ts";
import type { Commands } from "./commands.ts";
import type { Network } from "./network.ts";
import type { Dice } from "./random.ts";
import type { SimulatedFleet } from "./simulated-fleet.ts";
import type { SimulatedMaster } from "./simulated-master.ts";
import type { SimulatedTime } from "./simulated-time.ts";

export interface FaultOptions {
  readonly dice: Dice;
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

/** Everything that may happen to a cluster; each gives its name for the record. */
const faults: readonly Fault[] = [
  ({ dice, time, fleet }, id, forMs) => {
    fleet.find(id).kill();
    if (dice.chance(0.7)) time.after(forMs, () => fleet.dial(id));
    return `kill ${id}`;
  },
  ({ dice, time, fleet }, id, forMs) => {
    fleet.find(id).freeze(forMs);
    // A second process under the same id, while the frozen one may come back.
    if (dice.chance(0.3)) time.after(forMs / 2, () => fleet.dial(id));
    return `freeze ${id} for ${forMs}`;
  },
  ({ network }, id, forMs) => {
    network.cutOff(id, forMs);
    return `cut off ${id} for ${forMs}`;
  },
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
  ({ time, fleet }) => {
    const late = `late${time.now}`;
    fleet.dial(late);
    return `join ${late}`;
  },
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

function pauseScenario({ dice, time, master, commands }: FaultOptions, _: string, forMs: number): string {
  const at = dice.between(0, master.fleet.core.plan.scenarios.length - 1);
  if (dice.chance(0.9))
    time.after(forMs, () => {
      commands.resumeScenario(at);
    });
  return commands.pauseScenario(at);
}

/** Chooses what happens and when; the list fills as it does. */
export function planFaults(options: FaultOptions): readonly string[] {
  const { dice, time, times, ids, durationMs } = options;
  const played: string[] = [];
  for (let count = dice.between(0, 5); count > 0; count--) {
    const at = dice.between(0, durationMs + 4_000);
    const id = dice.pick(ids);
    const fault = dice.pick(faults);
    const forMs = dice.between(100, times.timeoutMs * 2);
    time.after(at, () => {
      played.push(`${time.now} ${fault(options, id, forMs)}`);
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
  return played;
}
