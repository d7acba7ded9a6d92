import { advanceFleet } from "../../src/cluster/fleet.ts";
import { restoreFleet, viewRecord } from "../../src/cluster/fleet-record.ts";
import {
  createFleetState,
  type FleetEffect,
  type FleetEvent,
  type FleetOptions,
  type FleetRecord,
  type FleetState,
} from "../../src/cluster/fleet-state.ts";
import { endless, listIndices } from "../../src/plan/index-runs.ts";
import type { Order, OrderStamp } from "../../src/protocol/message.ts";
import type { Random } from "../../src/protocol/ports.ts";
import type { Store } from "../../src/store/store.ts";
import { listPositions, type MergedState, packMerged, restoreMerged } from "../../src/master/merged-state.ts";
import { unpackSnapshot } from "../../src/measure/pack-snapshot.ts";
import { createSnapshot } from "../../src/measure/snapshot.ts";
import { copyStore } from "./copy-store.ts";
import { BrokenRule } from "./ground-truth.ts";
import type { Trace } from "./simulate.ts";
import type { SimulatedTime } from "./simulated-time.ts";

export interface SimulatedMaster {
  readonly fleet: FleetState;
  /** False while it is down: what is said to it is lost. */
  readonly up: boolean;
  /** Its monotonic clock. */
  now(): number;
  tell(event: FleetEvent): void;
  /** SIGSTOP for so long: what is due or arrives meanwhile happens afterwards, its ticks and what was said to it in any order. */
  freeze(forMs: number): void;
  readonly frozen: boolean;
  /** SIGKILL, and a new process after so long. */
  restart(downMs: number): void;
  /** Copies its store now; a new process starts on the copy `afterMs` later, after so long without one. */
  goBack(afterMs: number, downMs: number): void;
  /** Of the frames that stood for others. */
  readonly gaps: readonly { readonly source: string; readonly after: number; readonly number: number }[];
  /** A new process after so long, while the old one does not notice that it owns nothing any more. */
  split(downMs: number): void;
  /** What slaves say to the old process, which still answers; null: there is none. */
  readonly old: { readonly token: number; tell(event: FleetEvent): void } | null;
}

export interface SimulatedMasterOptions {
  readonly store: Store;
  readonly time: SimulatedTime;
  readonly random: Random;
  /** How likely the process dies between giving out a state to be written and its being durable. */
  readonly crashRate: number;
  /** How likely the merged state is written after a state, so that the store forgets the frames in it. */
  readonly trimRate: number;
  readonly trace: Trace | null;
  readonly fleet: FleetOptions;
  deliver(slaveId: string, incarnation: number, order: Order, stamp: OrderStamp): void;
  /** From an old process: by another way than the network that may be cut. */
  deliverOld(slaveId: string, incarnation: number, order: Order, stamp: OrderStamp): void;
  onAnswered(answer: FleetEffect & { readonly type: "answered" }): void;
  /** The process has died, with whoever waits for an answer of it. */
  onDeath(): void;
  /** Its store is an older one from now on. */
  onWentBack(): void;
  onFinal(): void;
}

/** The real owner over a store whose writes take up to 50 ms; after a restart it takes up from what is stored. */
export function createSimulatedMaster(options: SimulatedMasterOptions): SimulatedMaster {
  const { time, random } = options;
  let { store } = options;
  const { executionId } = options.fleet;
  let life = 1;
  let up = true;
  /** This process's monotonic clock has an origin of its own. */
  let origin = random() * 1e6;
  const clock = () => ({ now: time.now + origin, wall: time.now + 1e9 });
  let fleet = createFleetState(options.fleet, clock().now);
  let old: SimulatedMaster["old"] = null;
  const gaps: { source: string; after: number; number: number }[] = [];
  let lastCommit = 0;
  let lastAnswer = 0;
  let frozenUntil = 0;

  // Sums of fractions may miss it by a hair.
  const isFrozen = () => time.now < frozenUntil - 0.001;
  /** A callback of its process: waits while it is frozen, and then so much longer at most. */
  const later = (delayMs: number, jitterMs: number, task: () => void | Promise<void>): void => {
    const of = life;
    time.after(delayMs, () => {
      if (of !== life) return;
      if (!isFrozen()) return task();
      later(frozenUntil - time.now + random() * jitterMs, jitterMs, task);
    });
  };
  const tell = (event: FleetEvent): void => {
    if (!up) return;
    if (isFrozen()) return later(0, 3, () => tell(event));
    options.trace?.(`${time.now} master <- ${JSON.stringify(event)}`);
    const effects = advanceFleet(fleet, event, clock());
    checkPartition(fleet);
    for (const effect of effects) carryOut(effect);
  };
  /** Writes become durable in the order in which they were given out; a crash before loses them. */
  const commit = (write: () => Promise<() => void>): void => {
    lastCommit = Math.max(lastCommit, time.now + random() * 50);
    later(lastCommit - time.now, 0, async () => {
      const tellOutcome = await write();
      // Written, but the answer may still meet a dead process.
      lastAnswer = Math.max(lastAnswer, time.now + random() * 2);
      later(lastAnswer - time.now, 0, tellOutcome);
    });
  };
  const carryOut = (effect: FleetEffect): void => {
    const of = life;
    switch (effect.type) {
      case "order":
        options.trace?.(
          `${time.now} master -> ${effect.slaveId}#${effect.incarnation} ${JSON.stringify(effect.order)}`,
        );
        options.deliver(effect.slaveId, effect.incarnation, effect.order, effect.stamp);
        return;
      case "wake":
        later(effect.at - clock().now, 3, () => tell({ type: "tick" }));
        return;
      case "persist":
        if (random() < options.crashRate)
          time.after(random() * 50, () => {
            if (of === life) restart(100 + random() * 900);
          });
        if (random() < options.trimRate)
          commit(async () => {
            const positions = listPositions(fleet);
            if (!(await store.writeSnapshot(executionId, fleet.token, packMerged(fleet, []), positions)))
              throw new BrokenRule("the owner writes its merged state", `token ${fleet.token}`);
            return () => undefined;
          });
        commit(async () => {
          const { token, version } = fleet;
          if (!(await store.writeCheckpoint(executionId, { token, state: viewRecord(fleet) }))) return () => undefined;
          return () => tell({ type: "persisted", version });
        });
        return;
      case "append": {
        const { slaveId, incarnation, frame } = effect;
        commit(async () => {
          const { outcome, high } = await store.appendFrame({ executionId, slaveId, incarnation }, frame);
          if (frame.gap !== undefined && outcome === "appended")
            gaps.push({ source: `${slaveId}#${incarnation}`, after: frame.gap.after, number: frame.number });
          return () => tell({ type: "stored", slaveId, incarnation, frame, outcome, high });
        });
        return;
      }
      case "answered":
        options.onAnswered(effect);
        return;
      case "final":
        options.onFinal();
        return;
      default:
        effect satisfies never;
    }
  };
  const takeUp = async (): Promise<void> => {
    const token = await store.acquire(executionId, Math.ceil(time.now));
    const checkpoint = await store.readCheckpoint(executionId);
    const stored = await store.readSnapshot(executionId);
    const merged = stored === null ? null : (stored.packed as MergedState);
    const snapshot = merged === null ? createSnapshot(options.fleet.plan.workflow) : unpackSnapshot(merged.snapshot);
    const fresh = { ...options.fleet, token, snapshot };
    up = true;
    origin = random() * 1e6;
    if (checkpoint === null) {
      fleet = createFleetState(fresh, clock().now);
      tell({ type: "begin" });
      return;
    }
    fleet = restoreFleet(checkpoint.state as FleetRecord, fresh, clock());
    if (merged !== null) restoreMerged(fleet, merged);
    for (const { source, frame } of await store.readFrames(executionId)) {
      tell({ type: "stored", ...source, frame, outcome: "appended", high: frame.number });
    }
    tell({ type: "tick" });
  };

  const restart = (downMs: number): void => {
    life++;
    up = false;
    options.onDeath();
    lastCommit = 0;
    frozenUntil = 0;
    const of = life;
    time.after(downMs, async () => {
      if (of === life) await takeUp();
    });
  };

  return {
    get fleet() {
      return fleet;
    },
    get up() {
      return up;
    },
    now: () => clock().now,
    tell,
    freeze(forMs) {
      if (up) frozenUntil = Math.max(frozenUntil, time.now + forMs);
    },
    get frozen() {
      return isFrozen();
    },
    restart,
    goBack(afterMs, downMs) {
      time.after(0, async () => {
        const copy = await copyStore(store, executionId);
        time.after(afterMs, () => {
          restart(downMs);
          store = copy;
          options.onWentBack();
        });
      });
    },
    get gaps() {
      return gaps;
    },
    split(downMs) {
      const left = fleet;
      const leftClock = ((of) => () => ({ now: time.now + of, wall: time.now + 1e9 }))(origin);
      restart(downMs);
      old = {
        token: left.token,
        tell(event) {
          // The store takes nothing of it, so that what follows from a change never leaves.
          for (const effect of advanceFleet(left, event, leftClock())) {
            if (effect.type !== "order") continue;
            const { slaveId, incarnation, order, stamp } = effect;
            time.after(1 + random() * 40, () => options.deliverOld(slaveId, incarnation, order, stamp));
          }
        },
      };
    },
    get old() {
      return old;
    },
  };
}

/** With the pool and the dead, what the members hold is every VU index, each exactly once. */
function checkPartition(fleet: FleetState): void {
  fleet.partition.scenarios.forEach(({ known, dead }, at) => {
    const all = [...(fleet.pool[at] ?? []), ...dead];
    for (const { share } of fleet.core.slaves) all.push(...listIndices(share.scenarios[at]?.vus ?? [], 0, endless));
    all.sort((a, b) => a - b);
    if (all.length !== known || all.some((index, position) => index !== position + 1)) {
      throw new BrokenRule("the shares and the pool are a partition of all VUs", JSON.stringify(all));
    }
  });
}
