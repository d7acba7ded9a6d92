import { packValues, type PackedValues, unpackValues } from "./pack-values.ts";
import type { Point, Track, Windows } from "./windows.ts";

/** Windows as plain data. */
export interface PackedWindows extends Omit<Windows, "coarse" | "fine"> {
  readonly coarse: PackedPoints;
  readonly fine: PackedPoints;
}

interface PackedPoints {
  /** second, span, testTimeMs, activeVus and plannedVus of every point. */
  readonly numbers: Float64Array;
  /** [place of the point, code, count]. */
  readonly errors: readonly (readonly [place: number, code: string, count: number])[];
  /** One column per track. */
  readonly values: readonly PackedValues[];
}

/** Numbers of a point. */
const width = 5;

/** A copy that shares nothing with the windows. */
export function packWindows({ tracks, coarse, fine, ...plain }: Windows): PackedWindows {
  const plainTracks = tracks.map(({ metric, type, tags }): Track => ({ metric, type, tags: { ...tags } }));
  return { ...plain, tracks: plainTracks, coarse: packPoints(coarse, tracks), fine: packPoints(fine, tracks) };
}

/** The windows as they were. */
export function unpackWindows({ coarse, fine, ...plain }: PackedWindows): Windows {
  return { ...plain, coarse: unpackPoints(coarse), fine: unpackPoints(fine) };
}

function packPoints(points: readonly Point[], tracks: readonly Track[]): PackedPoints {
  const numbers = new Float64Array(points.length * width);
  points.forEach(({ second, span, testTimeMs, activeVus, plannedVus }, place) =>
    numbers.set([second, span, testTimeMs, activeVus, plannedVus], place * width),
  );
  return {
    numbers,
    errors: points.flatMap(({ errors }, place) => [...errors].map(([code, count]) => [place, code, count] as const)),
    values: tracks.map(({ type }, track) =>
      packValues(
        type,
        points.map(({ values }) => values[track] ?? null),
      ),
    ),
  };
}

function unpackPoints({ numbers, errors, values }: PackedPoints): Point[] {
  const columns = values.map(unpackValues);
  const points = Array.from({ length: numbers.length / width }, (_, place): Point => {
    const [second = 0, span = 0, testTimeMs = 0, activeVus = 0, plannedVus = 0] = numbers.subarray(place * width);
    const own = columns.map((column) => column[place] ?? null);
    return { second, span, testTimeMs, values: own, errors: new Map(), activeVus, plannedVus };
  });
  for (const [place, code, count] of errors) points[place]?.errors.set(code, count);
  return points;
}
