import type { LeaseTimes } from "../../src/cluster/lease-times.ts";
import { BrokenRule, type GroundTruth } from "./ground-truth.ts";
import type { Network } from "./network.ts";
import type { Dice } from "./random.ts";
import type { Trace } from "./simulate.ts";
import type { SimulatedMaster } from "./simulated-master.ts";
import { createSimulatedSlave, type SimulatedSlave } from "./simulated-slave.ts";
import type { SimulatedTime } from "./simulated-time.ts";

/** All slaves of a simulation that ever lived, by source. */
export interface SimulatedFleet {
  readonly bySource: ReadonlyMap<string, SimulatedSlave>;
  /** The latest incarnation. */
  find(id: string): SimulatedSlave;
  launch(id: string, incarnation: number): void;
  /** Offers the next incarnation until it is taken or everything is over, as a slave that dials in does. */
  dial(id: string): void;
}

export interface SimulatedFleetOptions {
  readonly executionId: string;
  readonly times: LeaseTimes;
  readonly time: SimulatedTime;
  readonly truth: GroundTruth;
  readonly dice: Dice;
  readonly network: Network;
  readonly trace: Trace | null;
  master(): SimulatedMaster;
  isOver(): boolean;
}

export function createSimulatedFleet(options: SimulatedFleetOptions): SimulatedFleet {
  const { time, dice, network } = options;
  const bySource = new Map<string, SimulatedSlave>();
  const latest = new Map<string, number>();
  const redials = dice.chance(0.5);
  const launch = (id: string, incarnation: number) => {
    latest.set(id, incarnation);
    const slave = createSimulatedSlave({
      ...options,
      id,
      incarnation,
      random: dice.random,
      wallOffsetMs: dice.between(-5_000, 5_000),
      periodMs: 250,
      redials,
      isMember: () => options.master().fleet.sources.has(`${id}#${incarnation}`),
      send(fact) {
        const event = { type: "fact", slaveId: id, incarnation, fact } as const;
        network.transmit(id, () => options.master().tell(event));
        // One that knows the new owner is still heard by the old one; before that it is the only one it knows.
        const { old } = options.master();
        if (fact.type === "heartbeat" && old !== null && slave.agent.token > old.token) old.tell(event);
      },
    });
    bySource.set(`${id}#${incarnation}`, slave);
  };
  return {
    bySource,
    find(id) {
      const slave = bySource.get(`${id}#${latest.get(id) ?? 0}`);
      if (slave === undefined) throw new BrokenRule("the simulation knows its slaves", id);
      return slave;
    },
    launch,
    dial(id) {
      const incarnation = (latest.get(id) ?? 0) + 1;
      launch(id, incarnation);
      const offer = () => {
        if (options.isOver() || options.master().fleet.sources.has(`${id}#${incarnation}`)) return;
        network.transmit(id, () => options.master().tell({ type: "offer", slaveId: id, incarnation }));
        time.after(500 + dice.random() * 500, offer);
      };
      offer();
    },
  };
}
