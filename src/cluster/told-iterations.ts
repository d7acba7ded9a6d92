import type { Frame, SeriesDelta } from "../protocol/frame.ts";

const fates: readonly string[] = ["iterations", "interrupted_iterations", "dropped_iterations"];

/** Does the series count iterations by their fate: finished, interrupted or dropped? */
export function tellsFate(delta: SeriesDelta): delta is SeriesDelta & { readonly type: "counter" } {
  return delta.type === "counter" && fates.includes(delta.key.metric);
}

/** Iterations whose fate a frame tells. */
export function countTold({ series }: Frame): number {
  return series.reduce((sum, delta) => (tellsFate(delta) ? sum + delta.sum : sum), 0);
}

/** Adds them to the sums by scenario. */
export function addTold(told: Map<string, number>, { series }: Frame): void {
  for (const delta of series) {
    const scenario = delta.key.tags["scenario"];
    if (tellsFate(delta) && scenario !== undefined) told.set(scenario, (told.get(scenario) ?? 0) + delta.sum);
  }
}
