import type { FlowVu } from "./flow-vu.ts";
import type { References } from "./references.ts";

/** Forgets what the previous iteration of this VU left: its variables, its response, the results in `slots`, the rows of
 * these feeders. */
export function compileBegin(
  references: References,
  slots: readonly number[],
  feeders: readonly number[],
): (vu: FlowVu) => void {
  const { response } = references;
  return (vu) => {
    if (vu.variables.size > 0) vu.variables.clear();
    if (vu.defaults.length > 0) vu.defaults.fill(undefined);
    for (const slot of slots) vu.results[slot] = undefined;
    for (const feeder of feeders) vu.feed.rows[feeder] = undefined;
    if (response) vu.response = undefined;
    vu.thoughtMs = 0;
    vu.feed.draw = null;
    vu.feed.begun = true;
  };
}

/** Tells the executors that a new iteration begins. */
export function beginResources(vu: FlowVu): void {
  for (const resource of vu.resources) resource?.beginIteration?.(vu);
}

/** Frees what the executors keep for a VU; idempotent. */
export function closeResources(vu: FlowVu): void {
  for (const [slot, resource] of vu.resources.entries()) {
    vu.resources[slot] = undefined;
    resource?.close();
  }
}
