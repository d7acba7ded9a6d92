import type { FleetState } from "../cluster/fleet-state.ts";
import type { SourceReport } from "../cluster/partition.ts";
import { type PackedSnapshot, packSnapshot } from "../measure/pack-snapshot.ts";

/** What the frames of an execution came to, as the store keeps it: those before it can go. */
export interface MergedState {
  readonly snapshot: PackedSnapshot;
  /** By source: what it reported, and the number of its last frame in here. */
  readonly sources: readonly (readonly [source: string, report: SourceReport | null, high: number])[];
}

/** All that is merged at this moment; shares nothing with the fleet that changes. */
export function packMerged({ core, sources, reports }: FleetState): MergedState {
  return {
    snapshot: packSnapshot(core.snapshot),
    sources: [...sources].map(([name, { high }]) => [name, structuredClone(reports.get(name) ?? null), high]),
  };
}

/** Puts it into a fleet whose snapshot was made from it; the stored frames after it follow. */
export function restoreMerged(fleet: FleetState, merged: MergedState): void {
  for (const [name, report, high] of merged.sources) {
    const source = fleet.sources.get(name);
    if (source !== undefined) source.high = high;
    if (report !== null) fleet.reports.set(name, report);
  }
}
