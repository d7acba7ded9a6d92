import { openGrowingFile } from "./file.ts";
import type { OpenOutput, OutputPoint } from "./output.ts";
import { listPointValues } from "./point-values.ts";

/** A point as JSON shows it. */
export function describePoint({ metric, tags, timeMs, total, late }: OutputPoint, intervalMs: number) {
  return {
    time: new Date(timeMs).toISOString(),
    interval_ms: intervalMs,
    metric,
    type: total.type,
    tags,
    ...(late > 0 ? { late: true } : {}),
    values: listPointValues(total),
  };
}

/** A line of JSON for each point. */
export const openJson: OpenOutput = async ({ spec, position }) => {
  const file = await openGrowingFile(spec.target, position);
  return {
    measures: "intervals",
    encode: (points) =>
      Buffer.from(points.map((point) => `${JSON.stringify(describePoint(point, spec.intervalMs))}\n`).join("")),
    send: (body, signal) => file.append(body, signal),
    position: () => file.size,
    close: () => file.close(),
  };
};
