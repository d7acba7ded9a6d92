import { advanceFleet } from "../cluster/fleet.ts";
import { viewRecord } from "../cluster/fleet-record.ts";
import { type FleetEffect, type FleetEvent, type FleetState, nameSource } from "../cluster/fleet-state.ts";
import { EngineError } from "../errors.ts";
import { countIndices, endless } from "../plan/index-runs.ts";
import type { Outputs } from "../outputs/open-outputs.ts";
import type { Frame } from "../protocol/frame.ts";
import type { SlaveLink } from "../protocol/link.ts";
import type { Fact } from "../protocol/message.ts";
import type { Alarm, Clock, Log } from "../protocol/ports.ts";
import type { ExecutionEvent } from "../protocol/report.ts";
import type { AppendOutcome, Source, Store } from "../store/store.ts";
import { createDurableWrites } from "./durable-writes.ts";
import { listPositions, packMerged } from "./merged-state.ts";

export interface LiveExecutionOptions {
  readonly fleet: FleetState;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  linkOf(slaveId: string): SlaveLink | null;
  /** Stores a frame. */
  append(source: Source, frame: Frame): Promise<AppendOutcome>;
  /** What it holds on each slave, or its status, may have changed. */
  onHeld(held: ReadonlyMap<string, number>): void;
  readonly outputs: Pick<Outputs, "note" | "pack" | "leave">;
  onEvent(event: ExecutionEvent): void;
  /** Everything is over, and durable. */
  onFinal(): void;
  /** Another owner has it: nothing is steered here any more. */
  onOusted(): void;
}

/** One fleet carried out: its effects go to the store and to the slaves' links, in their order. */
export interface LiveExecution {
  readonly fleet: FleetState;
  /** By slave: VUs of the share that it confirmed last. */
  readonly acknowledged: ReadonlyMap<string, number>;
  tell(event: FleetEvent): void;
  takeFact(slaveId: string, incarnation: number, fact: Fact): void;
  /** Offers a slave as the next incarnation that it can be. */
  offer(slaveId: string): void;
  /** Resolves with the test time (null: none yet) once all members have acted; rejects with what refused it. */
  command(event: CommandEvent): Promise<number | null>;
  /** Writes something of this execution until the store has taken it. */
  write(name: string, attempt: () => Promise<void>): void;
  /** Resolves when every frame that was on its way before the end is stored, or tried again. */
  appended(): Promise<void>;
  /** Writes what is merged, so that the store can trim the frames; false: another owner wrote a later one. */
  keepMerged(): Promise<boolean>;
  /** Steers no more and waits for what is being written. Idempotent. */
  close(): Promise<void>;
}

/** A fleet's event that is answered. */
export type CommandEvent = Extract<FleetEvent, { readonly command: string }>;

/** Begins to carry out; the caller tells `begin` (or, after a restart, `tick`). */
export function createLiveExecution(options: LiveExecutionOptions): LiveExecution {
  const { fleet, store, clock, log, outputs } = options;
  const { executionId } = fleet.core;
  const writes = createDurableWrites(clock, log);
  const commands = new Map<string, PromiseWithResolvers<number | null>>();
  let wakeAt = Number.POSITIVE_INFINITY;
  let alarm: Alarm | null = null;
  /** Frames on their way to the store since before the end. */
  const underway = new Set<Promise<void>>();
  const acknowledged = new Map<string, number>();
  let toldEvents = fleet.core.events.length;
  let closed = false;
  let countedVersion = -1;
  let trimAt = clock.now() + trimMs;

  const tell = (event: FleetEvent): void => {
    if (closed) return;
    const merged = event.type === "stored" ? isMerged(fleet, event) : false;
    const effects = advanceFleet(fleet, event, { now: clock.now(), wall: clock.wall() });
    if (merged && event.type === "stored") outputs.note(nameSource(event.slaveId, event.incarnation), event.frame);
    if (fleet.version !== countedVersion) {
      // What is held follows from what is written.
      countedVersion = fleet.version;
      const held = countHeld(fleet);
      options.onHeld(held);
      noteAcknowledged(acknowledged, fleet, held);
    }
    for (const effect of effects) perform(effect);
    if (event.type === "tick") trim();
    while (toldEvents < fleet.core.events.length) {
      const happened = fleet.core.events[toldEvents++];
      if (happened !== undefined) options.onEvent(happened);
    }
  };
  const wake = (at: number): void => {
    if (at >= wakeAt) return;
    alarm?.cancel();
    wakeAt = at;
    alarm = clock.at(at, () => {
      wakeAt = Number.POSITIVE_INFINITY;
      tell({ type: "tick" });
    });
  };
  const append = (effect: FleetEffect & { readonly type: "append" }): void => {
    const { slaveId, incarnation, frame } = effect;
    const ahead = !fleet.final;
    const stored = options.append({ executionId, slaveId, incarnation }, frame).then(
      ({ outcome, high }) => tell({ type: "stored", slaveId, incarnation, frame, outcome, high }),
      (error: unknown) => {
        if (closed) return;
        // It is not acknowledged, so the slave keeps it; the frame after it is a gap and asks for it again.
        log("error", `a frame was not stored, it is tried again: ${describeError(error)}`, { slave: slaveId });
        clock.at(clock.now() + retryMs, () => closed || append(effect));
      },
    );
    if (!ahead) return;
    underway.add(stored);
    void stored.finally(() => underway.delete(stored));
  };
  const keepMerged = (): Promise<boolean> =>
    store.writeSnapshot(executionId, fleet.token, packMerged(fleet, outputs.pack()), listPositions(fleet));
  /** A restart replays a minute, however long the execution runs, and the store keeps no more. */
  const trim = (): void => {
    if (clock.now() < trimAt || fleet.coreEnded) return;
    trimAt = clock.now() + trimMs;
    writes.write("merged state", async () => {
      if (!(await keepMerged())) oust();
    });
  };
  const perform = (effect: FleetEffect): void => {
    switch (effect.type) {
      case "order":
        options.linkOf(effect.slaveId)?.send({ type: "order", stamp: effect.stamp, order: effect.order });
        return;
      case "wake":
        wake(effect.at);
        return;
      case "persist":
        writes.write("state", async () => {
          // As it is when its turn comes: what changed while another was being written goes with it.
          const { token, version } = fleet;
          const written = await store.writeCheckpoint(executionId, { token, state: viewRecord(fleet) });
          if (written) tell({ type: "persisted", version });
          else oust();
        });
        return;
      case "append":
        append(effect);
        return;
      case "answered": {
        const call = commands.get(effect.command);
        commands.delete(effect.command);
        if (effect.error === null) call?.resolve(effect.testTimeMs);
        else call?.reject(new EngineError(effect.error.code, effect.error.message));
        return;
      }
      case "final":
        options.onFinal();
        return;
      default:
        effect satisfies never;
    }
  };
  const oust = () => {
    if (closed) return;
    log("warn", "it has another owner");
    stop();
    options.onOusted();
  };
  const stop = () => {
    closed = true;
    alarm?.cancel();
    for (const call of commands.values()) {
      call.reject(new EngineError("not_ready", `this master no longer steers execution ${executionId}; ask again`));
    }
    commands.clear();
  };

  return {
    fleet,
    acknowledged,
    tell,
    takeFact: (slaveId, incarnation, fact) => tell({ type: "fact", slaveId, incarnation, fact }),
    offer: (slaveId) => tell({ type: "offer", slaveId, incarnation: nextIncarnation(fleet, slaveId) }),
    command(event) {
      const call = Promise.withResolvers<number | null>();
      if (closed) call.reject(new EngineError("not_ready", `this master does not steer execution ${executionId}`));
      else {
        commands.set(event.command, call);
        tell(event);
      }
      return call.promise;
    },
    write: (name, attempt) => writes.write(name, attempt),
    keepMerged,
    async appended() {
      await Promise.all(underway);
    },
    async close() {
      stop();
      await Promise.all([writes.close(), outputs.leave()]);
    },
  };
}

const retryMs = 1_000;
const trimMs = 60_000;

/** Will this frame be merged, and not only counted as late? */
function isMerged(
  { sources }: FleetState,
  { slaveId, incarnation, frame, outcome }: FleetEvent & { readonly type: "stored" },
): boolean {
  const source = sources.get(nameSource(slaveId, incarnation));
  if (source === undefined || outcome !== "appended" || frame.number !== source.high + 1) return false;
  return source.finalHigh === null || frame.number <= source.finalHigh;
}

/** By slave: VUs of its share, granted or about to be. */
function countHeld({ core }: FleetState): ReadonlyMap<string, number> {
  if (core.phase === "done") return new Map();
  return new Map(
    core.slaves
      .filter(({ state }) => state !== "closed")
      .map(({ id, share }) => [id, share.scenarios.reduce((sum, part) => sum + countIndices(part.vus, endless), 0)]),
  );
}

function noteAcknowledged(
  acknowledged: Map<string, number>,
  { core, members }: FleetState,
  held: ReadonlyMap<string, number>,
): void {
  for (const { id, state } of core.slaves) {
    const member = members.get(id);
    const vus = held.get(id);
    // What it held last stays, once it has closed.
    if (member === undefined || vus === undefined || state === "preparing" || member.confirmed < member.epoch) continue;
    acknowledged.set(id, vus);
  }
}

function nextIncarnation({ sources }: FleetState, slaveId: string): number {
  let next = 1;
  while (sources.has(nameSource(slaveId, next))) next++;
  return next;
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
