import type { HaltedVus } from "../protocol/frame.ts";
import type { VuIteration } from "../protocol/plan.ts";
import { listIndices } from "./index-runs.ts";
import { packIndices } from "./move-indices.ts";

/**
 * VUs of a scenario and how many iterations each has begun; few entries where many have begun as many. Of a VU that comes
 * twice, because it was given up and came back, the higher number counts.
 */
export function packHalted(scenario: string, begun: readonly VuIteration[]): HaltedVus[] {
  const most = new Map<number, number>();
  for (const [vu, count] of begun) most.set(vu, Math.max(count, most.get(vu) ?? 0));
  const byCount = new Map<number, number[]>();
  for (const [vu, count] of most) {
    if (count === 0) continue;
    const known = byCount.get(count);
    if (known === undefined) byCount.set(count, [vu]);
    else known.push(vu);
  }
  return [...byCount].map(([count, vus]) => ({
    scenario,
    begun: count,
    vus: packIndices(vus.sort((a, b) => a - b)),
  }));
}

/** By VU of the scenario, up to index `last`: the most that it had begun where it halted. */
export function unpackHalted(
  scenario: string,
  halted: readonly HaltedVus[],
  last: number,
): ReadonlyMap<number, number> {
  const most = new Map<number, number>();
  for (const { begun, vus, scenario: of } of halted) {
    if (of !== scenario) continue;
    for (const vu of listIndices(vus, 0, last)) most.set(vu, Math.max(begun, most.get(vu) ?? 0));
  }
  return most;
}
