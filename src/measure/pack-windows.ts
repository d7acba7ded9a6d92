import { packValues, type PackedValues, unpackValues } from "./pack-values.ts";
import { createPoint, type Point, type Track, type Windows } from "./windows.ts";

/** Windows as plain data. */
export interface PackedWindows extends Omit<Windows, "coarse" | "fine"> {
  readonly coarse: PackedPoints;
  readonly fine: PackedPoints;
}

interface PackedPoints {
  /** second, span and testTimeMs of every point, then activeVus and plannedVus of each of its parts. */
  readonly numbers: Float64Array;
  readonly errors: readonly (readonly [point: number, part: number, code: string, count: number])[];
  /** One column per track. */
  readonly values: readonly PackedValues[];
}

/** A copy that shares nothing with the windows. */
export function packWindows(windows: Windows): PackedWindows {
  const { tracks, coarse, fine, scenarios, ...plain } = windows;
  const plainTracks = tracks.map(({ metric, type, tags }): Track => ({ metric, type, tags: { ...tags } }));
  return {
    ...plain,
    scenarios: [...scenarios],
    tracks: plainTracks,
    coarse: packPoints(coarse, windows),
    fine: packPoints(fine, windows),
  };
}

/** The windows as they were. */
export function unpackWindows({ coarse, fine, ...plain }: PackedWindows): Windows {
  const windows: Windows = { ...plain, coarse: [], fine: [] };
  windows.coarse = unpackPoints(coarse, windows);
  windows.fine = unpackPoints(fine, windows);
  return windows;
}

function packPoints(points: readonly Point[], windows: Windows): PackedPoints {
  const width = widthOf(windows);
  const numbers = new Float64Array(points.length * width);
  points.forEach(({ second, span, testTimeMs, parts }, at) =>
    numbers.set(
      [second, span, testTimeMs, ...parts.flatMap(({ activeVus, plannedVus }) => [activeVus, plannedVus])],
      at * width,
    ),
  );
  return {
    numbers,
    errors: points.flatMap(({ parts }, at) =>
      parts.flatMap(({ errors }, part) => [...errors].map(([code, count]) => [at, part, code, count] as const)),
    ),
    values: windows.tracks.map(({ type }, track) =>
      packValues(
        type,
        points.map(({ values }) => values[track] ?? null),
      ),
    ),
  };
}

function unpackPoints({ numbers, errors, values }: PackedPoints, windows: Windows): Point[] {
  const width = widthOf(windows);
  const columns = values.map(unpackValues);
  const points = Array.from({ length: numbers.length / width }, (_, at): Point => {
    const [second = 0, span = 0, testTimeMs = 0, ...vus] = numbers.subarray(at * width, (at + 1) * width);
    const point = createPoint(windows, second, span);
    point.testTimeMs = testTimeMs;
    columns.forEach((column, track) => {
      point.values[track] = column[at] ?? null;
    });
    point.parts.forEach((part, place) => {
      part.activeVus = vus[2 * place] ?? 0;
      part.plannedVus = vus[2 * place + 1] ?? 0;
    });
    return point;
  });
  for (const [at, part, code, count] of errors) points[at]?.parts[part]?.errors.set(code, count);
  return points;
}

/** Numbers of a point. */
function widthOf({ scenarios }: Windows): number {
  return 3 + 2 * (1 + scenarios.length);
}
