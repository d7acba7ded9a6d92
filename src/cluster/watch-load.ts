import { advanceSearch } from "./limit-search.ts";
import { lookAtThresholds } from "./live-thresholds.ts";
import { shortGrace, stopLoad } from "./owner-end.ts";
import { coveredAt, type Instant, noteEvent, type OwnerEffect, type OwnerState, testTimeAt } from "./owner-state.ts";

/** How often thresholds are looked at while running. */
export const LOOK_EVERY_MS = 2_000;
/** How often a search for the limit is. */
const SEARCH_EVERY_MS = 250;

/** Looks at what was measured while the load runs: a search moves on, a threshold may end the load. Says when to look again. */
export function watchLoad(state: OwnerState, time: Instant): readonly OwnerEffect[] {
  if (state.phase !== "running") return [];
  if (state.search !== null)
    return [{ type: "wake", at: time.now + SEARCH_EVERY_MS }, ...advanceSearch(state, state.search, time)];
  const due = (state.lookedAt ?? Number.NEGATIVE_INFINITY) + LOOK_EVERY_MS;
  if (time.now < due) return [{ type: "wake", at: due }];
  state.lookedAt = time.now;
  const effects: OwnerEffect[] = [{ type: "wake", at: time.now + LOOK_EVERY_MS }];
  const moment = { testTimeMs: testTimeAt(state, time.now), coveredMs: coveredAt(state, time.now) };
  for (const crossed of lookAtThresholds(state.thresholds, state.snapshot, moment)) {
    const { metric, condition } = crossed;
    if (crossed.fresh) noteEvent(state, "threshold_crossed", `${metric}: ${condition}`, time);
    if (!crossed.abort) continue;
    const message = `threshold ${metric}: ${condition} failed`;
    const graceMs = shortGrace(state.plan);
    return [
      ...effects,
      ...stopLoad(state, { reason: "thresholds", message, code: null }, { command: null, graceMs }, time),
    ];
  }
  return effects;
}
