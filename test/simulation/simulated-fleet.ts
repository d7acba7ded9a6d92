import type { LeaseTimes } from "../../src/cluster/lease-times.ts";
import { endsReport, isReport } from "../../src/master/reporters.ts";
import type { Fact, Order, OrderStamp } from "../../src/protocol/message.ts";
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
  /** An order arrives at the process that has the id now; what ends a report also at the one that it is meant for. */
  deliver(id: string, incarnation: number, order: Order, stamp: OrderStamp): void;
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
  /** What a process without the id says is heard if it is a report. */
  const hear = (id: string, incarnation: number, fact: Fact, via: number) => {
    const master = options.master();
    const isMember = master.fleet.members.get(id)?.incarnation === incarnation;
    if (via === latest.get(id) || isReport(fact, isMember))
      master.tell({ type: "fact", slaveId: id, incarnation, fact });
  };
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
        network.transmit(id, () => hear(id, incarnation, fact, incarnation));
        // One that knows the new owner is still heard by the old one; before that it is the only one it knows.
        const { old } = options.master();
        if (fact.type === "heartbeat" && old !== null && slave.agent.token > old.token) old.tell(event);
      },
    });
    bySource.set(`${id}#${incarnation}`, slave);
  };
  const fleet: SimulatedFleet = {
    bySource,
    find(id) {
      const slave = bySource.get(`${id}#${latest.get(id) ?? 0}`);
      if (slave === undefined) throw new BrokenRule("the simulation knows its slaves", id);
      return slave;
    },
    launch,
    deliver(id, incarnation, order, stamp) {
      const own = bySource.get(`${id}#${incarnation}`);
      const now = latest.get(id) ?? 0;
      if (now === incarnation || endsReport(order)) own?.receive(order, stamp);
      if (now === incarnation || order.type !== "close") return;
      // A process that never had this source.
      const fact: Fact = { type: "closed", lastFrame: null };
      network.transmit(id, () => hear(id, incarnation, fact, now));
    },
    dial(id) {
      // While the process that has the id answers the other one is refused, and tries again.
      if (bySource.get(`${id}#${latest.get(id) ?? 0}`)?.answers === true) {
        if (!options.isOver()) time.after(500 + dice.random() * 500, () => fleet.dial(id));
        return;
      }
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
  return fleet;
}
