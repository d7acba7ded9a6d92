/**
 * A rate of iteration starts as a function of test time: adjoining linear pieces from 0 to `endMs`. Event k (from 0)
 * starts when the area under the rate reaches k + phase, so the remainder of a piece carries into the next.
 */
export interface RateProfile {
  /** Rates are starts per this time. */
  readonly timeUnitMs: number;
  /** 0: the first start is at 0 (constant rate); 1: it is when one whole start has come due (ramping). */
  readonly phase: 0 | 1;
  readonly pieces: readonly RatePiece[];
  readonly endMs: number;
}

export interface RatePiece {
  readonly startMs: number;
  readonly durationMs: number;
  readonly from: number;
  readonly to: number;
  /** The area under the rate before this piece. */
  readonly before: number;
}

/** Room for rounding, in starts and in milliseconds. */
const slack = 1e-6;

/** Makes a profile of stages that follow each other; a stage of no duration is a jump. */
export function createRateProfile(
  timeUnitMs: number,
  phase: 0 | 1,
  stages: readonly { readonly durationMs: number; readonly from: number; readonly to: number }[],
): RateProfile {
  const pieces: RatePiece[] = [];
  let startMs = 0;
  let before = 0;
  for (const { durationMs, from, to } of stages) {
    if (durationMs > 0) pieces.push({ startMs, durationMs, from, to, before });
    startMs += durationMs;
    before += ((from + to) / 2) * (durationMs / timeUnitMs);
  }
  return { timeUnitMs, phase, pieces, endMs: startMs };
}

/**
 * The planned test time of event k, from 0: an absolute schedule, without drift. Infinity: the profile has no such
 * event. With phase 0 an event at `endMs` is not part of it, with phase 1 it is.
 */
export function computeArrivalTime(profile: RateProfile, k: number): number {
  const due = k + profile.phase;
  for (const piece of profile.pieces) {
    const units = piece.durationMs / profile.timeUnitMs;
    if (due > piece.before + ((piece.from + piece.to) / 2) * units + slack) continue;
    const withinMs = computeWithin(piece, due - piece.before, profile.timeUnitMs);
    const time = piece.startMs + Math.min(withinMs, piece.durationMs);
    return profile.phase === 0 && time > profile.endMs - slack ? Number.POSITIVE_INFINITY : time;
  }
  return Number.POSITIVE_INFINITY;
}

/** How many events the profile has in all. */
export function countArrivals(profile: RateProfile): number {
  const last = profile.pieces.at(-1);
  if (last === undefined) return 0;
  const area = last.before + ((last.from + last.to) / 2) * (last.durationMs / profile.timeUnitMs);
  const whole = Math.floor(area + slack);
  return Number.isFinite(computeArrivalTime(profile, whole)) ? whole + 1 : whole;
}

/** The rate at a test time. */
export function computeRate(profile: RateProfile, timeMs: number): number {
  const piece = profile.pieces.findLast((candidate) => candidate.startMs <= timeMs);
  if (piece === undefined) return profile.pieces[0]?.from ?? 0;
  const progress = Math.min(1, (timeMs - piece.startMs) / piece.durationMs);
  return piece.from + (piece.to - piece.from) * progress;
}

/** The profile as it was until `timeMs`, then going to `target` over `overMs` and staying there till the same end. */
export function scaleRateProfile(profile: RateProfile, timeMs: number, target: number, overMs: number): RateProfile {
  const rate = computeRate(profile, timeMs);
  const stages = profile.pieces
    .filter((piece) => piece.startMs < timeMs)
    .map((piece) => {
      const durationMs = Math.min(piece.durationMs, timeMs - piece.startMs);
      return { durationMs, from: piece.from, to: durationMs < piece.durationMs ? rate : piece.to };
    });
  const left = Math.max(0, profile.endMs - timeMs);
  const ramp = Math.min(overMs, left);
  const reached = ramp < overMs ? rate + ((target - rate) * ramp) / overMs : target;
  stages.push({ durationMs: ramp, from: rate, to: reached }, { durationMs: left - ramp, from: reached, to: reached });
  return createRateProfile(profile.timeUnitMs, profile.phase, stages);
}

/** Where in the piece its n-th start lies, ms. The form of the root is one that does not cancel out for nearly equal rates. */
function computeWithin(piece: RatePiece, n: number, timeUnitMs: number): number {
  const { from, to, durationMs } = piece;
  if (n <= 0) return 0;
  if (from === to) return (n * timeUnitMs) / from;
  const units = durationMs / timeUnitMs;
  const first = from * units;
  const root = units * (from * first + 2 * n * (to - from));
  return (2 * n * durationMs) / (first + Math.sqrt(Math.max(0, root)));
}
