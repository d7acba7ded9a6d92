import type { Load, LoadMode } from "../../protocol/load.ts";
import { createRateProfile, type RateProfile } from "./rate-profile.ts";
import { findLargestCount, type VuPiece, type VuProfile } from "./vu-profile.ts";

/** A load mode as pure functions of test time (from the scenario's start). */
export type LoadProfile =
  /** VUs loop as the profile asks. `limit`: no scale goes beyond it. */
  | { readonly kind: "vus"; readonly vus: VuProfile; readonly limit: number | null }
  /** Iterations start at planned instants, on VUs of a pool. */
  | {
      readonly kind: "arrivals";
      readonly rate: RateProfile;
      readonly preAllocatedVus: number;
      readonly maxVus: number;
    };

type LoadOf<Mode extends LoadMode> = Extract<Load, { readonly mode: Mode }>;

const profiles: { readonly [Mode in LoadMode]: (load: LoadOf<Mode>) => LoadProfile } = {
  "constant-vus": (load) => ({
    kind: "vus",
    vus: { pieces: listRampUp(load.vus, load.rampUpMs), endMs: load.durationMs },
    limit: null,
  }),
  "ramping-vus": (load) => {
    const pieces: VuPiece[] = [holdCount(load.startVus)];
    let startMs = 0;
    let from = load.startVus;
    for (const stage of load.stages) {
      pieces.push({ startMs, durationMs: stage.durationMs, from, to: stage.target });
      startMs += stage.durationMs;
      from = stage.target;
    }
    return { kind: "vus", vus: { pieces, endMs: startMs }, limit: null };
  },
  "per-vu-iterations": (load) => ({
    kind: "vus",
    vus: { pieces: [holdCount(load.vus)], endMs: load.maxDurationMs },
    limit: null,
  }),
  "shared-iterations": (load) => ({
    kind: "vus",
    vus: { pieces: [holdCount(load.vus)], endMs: load.maxDurationMs },
    limit: null,
  }),
  "constant-arrival-rate": (load) => ({
    kind: "arrivals",
    rate: createRateProfile(load.timeUnitMs, 0, [{ durationMs: load.durationMs, from: load.rate, to: load.rate }]),
    preAllocatedVus: load.preAllocatedVus,
    maxVus: Math.max(load.maxVus, load.preAllocatedVus),
  }),
  "ramping-arrival-rate": (load) => ({
    kind: "arrivals",
    rate: createRateProfile(
      load.timeUnitMs,
      1,
      load.stages.map((stage, at) => ({
        durationMs: stage.durationMs,
        from: load.stages[at - 1]?.target ?? load.startRate,
        to: stage.target,
      })),
    ),
    preAllocatedVus: load.preAllocatedVus,
    maxVus: Math.max(load.maxVus, load.preAllocatedVus),
  }),
  "externally-controlled": (load) => ({
    kind: "vus",
    vus: { pieces: [holdCount(load.vus)], endMs: load.durationMs },
    limit: load.maxVus,
  }),
};

/** The profile of a load. */
export function createLoadProfile(load: Load): LoadProfile {
  return (profiles[load.mode] as (load: Load) => LoadProfile)(load);
}

/** Test time from the scenario's start to the end of its load, without graceful stop; null: open end. */
export function computeLoadDuration(load: Load): number | null {
  const profile = createLoadProfile(load);
  return profile.kind === "vus" ? profile.vus.endMs : profile.rate.endMs;
}

/** The largest number of VUs the load can reach without being scaled. */
export function findLargestVus(load: Load): number {
  const profile = createLoadProfile(load);
  if (profile.kind === "arrivals") return profile.maxVus;
  return profile.limit ?? findLargestCount(profile.vus);
}

function holdCount(vus: number): VuPiece {
  return { startMs: 0, durationMs: 0, from: vus, to: vus };
}

/** VU i of n starts at (i - 1) * rampUp / n: the first at once, the last a step before the end of the ramp. */
function listRampUp(vus: number, rampUpMs: number): VuPiece[] {
  if (rampUpMs === 0 || vus <= 1) return [holdCount(vus)];
  return [{ startMs: 0, durationMs: (rampUpMs * (vus - 1)) / vus, from: 1, to: vus }];
}
