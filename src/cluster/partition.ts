import { countIndices, endless, listIndices } from "../plan/index-runs.ts";
import { listLines } from "../plan/list-lines.ts";
import { packIndices } from "../plan/move-indices.ts";
import { countRanges, joinRanges, takeFirst } from "../plan/move-ranges.ts";
import type { HaltedVus } from "../protocol/frame.ts";
import type { Load } from "../protocol/load.ts";
import type { ArrivalPattern, IterationRange, Plan, Share } from "../protocol/plan.ts";

/** What of an execution's partition is in no member's share. Plain data: it is part of the fleet's record. */
export interface Partition {
  /** By feeder: its unique rows; null: they are not dealt, or it is not known yet how many there are. */
  readonly rows: (SharedState | null)[];
  readonly scenarios: readonly ScenarioPartition[];
  /** By source. */
  readonly holdings: Map<string, Holding>;
  readonly gone: GoneSource[];
  /** Serial of the latest scale that is in the scenarios. */
  scaled: number;
  /** A member came for whom the others may give something up. */
  rebalance: boolean;
  /** VUs found no room, and it was said. */
  short: boolean;
}

export interface ScenarioPartition {
  /** The highest VU index that exists. */
  known: number;
  /** VU indices that a lost slave had and nobody is to take. */
  readonly dead: number[];
  /** VUs that a lost slave had and nobody has taken since: there was no room, or no time. */
  orphans: readonly number[];
  /** VUs that somebody has held and given back, or was lost with. */
  worn: readonly number[];
  /** Rates or counts that were ordered, oldest first. */
  readonly scales: Scale[];
  /** Arrival modes. */
  arrivals: ArrivalState | null;
  /** Shared iterations. */
  shared: SharedState | null;
  /** Iterations of each VU. */
  progress: VuState | null;
}

export interface Scale {
  readonly serial: number;
  readonly atMs: number;
  readonly target: number;
  readonly overMs: number;
}

export interface ArrivalState {
  /**
   * No later cut lies before this event: here the latest windows begin, or somebody may have begun all before it who is
   * lost, or has heard late of a lower rate.
   */
  leastCut: number;
  /** Nobody starts events from here on; null: all are in somebody's open window. */
  open: number | null;
  /** VUs by slave that the open windows were striped by; `dead` is nobody's stripe. */
  dealt: Map<string, number>;
  /** Events that were planned while nobody held them. */
  unheld: number;
  /** The windows of nobody's stripe. */
  dead: readonly ArrivalPattern[];
}

export interface SharedState {
  /** Iterations that nobody was given, or that were given back. */
  ranges: IterationRange[];
  /** There will be no more for anybody. */
  over: boolean;
}

/** Each VU's state, at its index - 1. */
export interface VuState {
  /** With which iteration its holder went on. */
  readonly from: number[];
  /** Its holder may have begun iterations below this one. Of a VU that nobody holds: with which it goes on. */
  readonly claimed: number[];
}

/** What a source was given, by scenario; then, of unique rows, by feeder. */
export type Holding = readonly HeldScenario[];

export interface HeldScenario {
  /** Iterations that left the owner's hands for this source and did not come back; arrivals: only of pruned windows. */
  assigned: number;
  /** Shared iterations: number of the latest allotment, and those that may not have been applied. */
  serial: number;
  outstanding: readonly { readonly serial: number; readonly ranges: readonly IterationRange[] }[];
  /** It has asked for more than it was given so far. */
  hungry: boolean;
  /** Size of its latest allotment, and when it was given (`Instant.now`). */
  block: number;
  allottedAt: number;
  /** It was told that there will be no more. */
  told: boolean;
  /** Unique rows that it was given and has not given back, and the number of its latest return. */
  rows: readonly IterationRange[];
  returned: number;
}

/** A source that was lost with what it held. */
export interface GoneSource {
  readonly source: string;
  readonly slaveId: string;
  /** Test time at which it was given up. */
  readonly atMs: number;
  /** Test time up to which it may be taken to have lived: it was heard of, and half a heartbeat more. */
  readonly livedMs: number;
  /** Test time at which its lease had run out: later it began nothing. */
  readonly leasedMs: number;
  /** Serial of the latest command it had acted on. */
  readonly steered: number;
  readonly scenarios: readonly GoneScenario[];
}

export interface GoneScenario {
  /** VUs it held that the load asked for. */
  readonly vus: number;
  readonly assigned: number;
  readonly windows: readonly ArrivalPattern[];
  /** Test time up to which the scenario's own clock went: the source's loss, or the pause that it was lost in. */
  readonly untilMs: number;
  /** The cut from which others start its events; null: there is none yet. */
  below: number | null;
}

/** An epoch whose releases are not all confirmed yet. */
export interface Move {
  readonly epoch: number;
  readonly waiting: Set<string>;
  /** What each of those that were asked keeps, with the highest epoch of the move. */
  readonly keep: Map<string, Share>;
  /** By scenario: the event from which nobody starts any; null: arrivals go on as they are. */
  readonly cuts: readonly (number | null)[];
}

/** What a source's frames said so far. */
export interface SourceReport {
  /** By scenario: iterations that finished, were interrupted or dropped. */
  readonly reported: number[];
  /** By scenario: iterations that its frames had told and that are lost with them; and the test time of those frames, ms. */
  missing: readonly number[];
  missingMs: number;
  /** By feeder: unique rows that were used. */
  readonly rows: number[];
  /** By scenario: iterations that finished in a second, by its latest frames: each weighs half of the one after it. */
  readonly perSecond: number[];
  /** Test time at the end of its latest frame, ms. */
  testTimeMs: number;
  /** VUs with iterations of their own that begin no more on it; absent: none. */
  halted?: readonly HaltedVus[];
}

/** Iterations that vanished with lost slaves. */
export interface Lost {
  readonly iterations: number;
  /** Test time of lost slaves that nobody knows anything about, without pauses of a scenario by itself, summed. */
  readonly interval_ms: number;
  /** Some of it is a rate times a time: VUs that loop have no plan to count against. */
  readonly estimated: boolean;
}

/** An empty holding. */
export function createHolding(plan: Plan): Holding {
  return listLines(plan).map(() => ({
    assigned: 0,
    serial: 0,
    outstanding: [],
    hungry: false,
    block: 0,
    allottedAt: Number.NEGATIVE_INFINITY,
    told: false,
    rows: [],
    returned: 0,
  }));
}

/**
 * Prepares the first shares of a plan for a fleet: endless runs of VUs end at the largest count, and of shared
 * iterations each slave gets only one per VU to begin with. What a share then lacks is in the partition.
 */
export function createPartition(
  plan: Plan,
  slaves: readonly { readonly id: string; readonly source: string; readonly share: Share }[],
): { readonly partition: Partition; readonly shares: readonly Share[] } {
  const holdings = new Map(slaves.map(({ source }) => [source, createHolding(plan)]));
  const scenarios = plan.scenarios.map(({ scenario, largestVus }, at): ScenarioPartition => {
    const { load } = scenario;
    const dealt = new Map(
      slaves.map(({ id, share }) => [id, countIndices(share.scenarios[at]?.vus ?? [], largestVus)] as const),
    );
    return {
      known: largestVus,
      dead: [],
      orphans: [],
      worn: [],
      scales: [],
      arrivals: isArrival(load) ? { leastCut: 0, open: null, dealt, unheld: 0, dead: [] } : null,
      shared:
        load.mode === "shared-iterations"
          ? { ranges: joinRanges(...slaves.map(({ share }) => share.scenarios[at]?.iterations ?? [])), over: false }
          : null,
      progress:
        load.mode === "per-vu-iterations"
          ? { from: Array.from({ length: largestVus }, () => 0), claimed: Array.from({ length: largestVus }, () => 0) }
          : null,
    };
  });
  const shares = slaves.map(({ source, share }) => ({
    scenarios: share.scenarios.map((part, at) => {
      const largest = plan.scenarios[at]?.largestVus ?? 0;
      const vus = packIndices(listIndices(part.vus, 0, largest));
      const { shared, progress } = scenarios[at] as ScenarioPartition;
      const held = holdings.get(source)?.[at] as HeldScenario;
      const count = countIndices(vus, endless);
      if (progress !== null) for (const vu of listIndices(vus, 0, endless)) progress.claimed[vu - 1] = 1;
      if (shared === null) return { ...part, vus };
      const { taken, left } = takeFirst(shared.ranges, count);
      shared.ranges = left;
      held.assigned = countRanges(taken);
      held.block = held.assigned;
      return { ...part, vus, iterations: taken };
    }),
  }));
  return {
    partition: {
      rows: plan.workflow.feeders.map(() => null),
      scenarios,
      holdings,
      gone: [],
      scaled: 0,
      rebalance: false,
      short: false,
    },
    shares,
  };
}

/** Modes whose share is in events. */
export function isArrival(load: Load): boolean {
  return load.mode === "constant-arrival-rate" || load.mode === "ramping-arrival-rate";
}
