import type { FleetState } from "../cluster/fleet-state.ts";
import type { SourceReport } from "../cluster/partition.ts";
import type { PackedOutputs } from "../outputs/open-outputs.ts";
import type { Position } from "../store/store.ts";
import { type PackedSnapshot, packSnapshot } from "../measure/pack-snapshot.ts";

/** What the frames of an execution came to, as the store keeps it: those before it can go. */
export interface MergedState {
  /** The account of the end is in it. */
  readonly accounted: boolean;
  /** What came after it. */
  readonly late: FleetState["late"];
  readonly snapshot: PackedSnapshot;
  /** By source: what it reported, and the number of its last frame in here. */
  readonly sources: readonly (readonly [source: string, report: SourceReport | null, high: number])[];
  /** How far its outputs are; absent in what an older version kept. */
  readonly outputs?: PackedOutputs;
}

/** All that is merged at this moment; shares nothing with the fleet that changes. */
export function packMerged(
  { core, sources, reports, accounted, late }: FleetState,
  outputs: PackedOutputs,
): MergedState {
  return {
    accounted,
    late: { ...late },
    outputs,
    snapshot: packSnapshot(core.snapshot),
    sources: [...sources].map(([name, { high }]) => [name, structuredClone(reports.get(name) ?? null), high]),
  };
}

/** Puts it into a fleet whose snapshot was made from it; the stored frames after it follow. */
export function restoreMerged(fleet: FleetState, merged: MergedState): void {
  fleet.accounted = merged.accounted;
  Object.assign(fleet.late, merged.late);
  for (const [name, report, high] of merged.sources) {
    const source = fleet.sources.get(name);
    if (source !== undefined) source.high = high;
    // An older version knew of no missing frames.
    if (report !== null)
      fleet.reports.set(name, { ...report, missing: report.missing ?? [], missingMs: report.missingMs ?? 0 });
  }
}

/** How far each source's frames are in the merged state. */
export function listPositions({ core, sources }: FleetState): Position[] {
  const { executionId } = core;
  return [...sources].map(([name, { high }]) => {
    const at = name.lastIndexOf("#");
    return [{ executionId, slaveId: name.slice(0, at), incarnation: Number(name.slice(at + 1)) }, high];
  });
}
