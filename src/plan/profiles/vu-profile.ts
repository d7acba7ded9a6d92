/**
 * A number of VUs as a function of test time: pieces in order, each linear from `from` to `to`. A piece holds until the
 * next begins; after its `durationMs` it stays at `to`. A piece of no duration is a jump.
 */
export interface VuProfile {
  readonly pieces: readonly VuPiece[];
  /** Test time at which no more iterations start; null: open. */
  readonly endMs: number | null;
}

export interface VuPiece {
  readonly startMs: number;
  readonly durationMs: number;
  readonly from: number;
  readonly to: number;
}

/** Room for rounding: the n-th change belongs to the instant at which it is due. */
const slack = 1e-9;

/**
 * How many VUs are to run at a test time from 0. Within a piece the count moves by whole VUs towards `to`, each step
 * when the line reaches it: rising it is rounded down, falling up.
 */
export function countVus(profile: VuProfile, timeMs: number): number {
  const piece = profile.pieces[findPiece(profile, timeMs)];
  if (piece === undefined) return 0;
  return piece.from + Math.sign(piece.to - piece.from) * countSteps(piece, timeMs);
}

/** The first test time after `timeMs` at which the count may change; Infinity: never. */
export function findNextChange(profile: VuProfile, timeMs: number): number {
  const at = findPiece(profile, timeMs);
  const piece = profile.pieces[at];
  const next = profile.pieces[at + 1]?.startMs ?? Number.POSITIVE_INFINITY;
  if (piece === undefined) return next;
  const height = Math.abs(piece.to - piece.from);
  const steps = countSteps(piece, timeMs);
  if (steps >= height) return next;
  return Math.min(next, piece.startMs + ((steps + 1) * piece.durationMs) / height);
}

/** The profile as it was until `timeMs`, then going to `target` over `overMs` and staying there. */
export function scaleVuProfile(profile: VuProfile, timeMs: number, target: number, overMs: number): VuProfile {
  const turn: VuPiece = { startMs: timeMs, durationMs: overMs, from: countVus(profile, timeMs), to: target };
  return { pieces: [...profile.pieces.filter((piece) => piece.startMs <= timeMs), turn], endMs: profile.endMs };
}

/** The largest count the profile reaches from `timeMs` on. */
export function findLargestCount(profile: VuProfile, timeMs = 0): number {
  const later = profile.pieces.slice(Math.max(0, findPiece(profile, timeMs)));
  return later.reduce((largest, piece) => Math.max(largest, piece.from, piece.to), 0);
}

function findPiece(profile: VuProfile, timeMs: number): number {
  let at = profile.pieces.length - 1;
  while (at >= 0 && (profile.pieces[at] as VuPiece).startMs > timeMs) at--;
  return at;
}

function countSteps(piece: VuPiece, timeMs: number): number {
  const height = Math.abs(piece.to - piece.from);
  const elapsed = timeMs - piece.startMs;
  if (elapsed >= piece.durationMs) return height;
  return Math.floor((elapsed / piece.durationMs) * height + slack);
}
