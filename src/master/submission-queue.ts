import type { EngineError } from "../errors.ts";
import type { Plan } from "../protocol/plan.ts";
import type { ExecutionCard } from "./describe-execution.ts";
import type { ScaleRequest, Submission } from "./executions.ts";
import type { Watchers } from "./watchers.ts";
import type { ChosenSlave, Selection, SlaveNeeds } from "./select-slaves.ts";

/** An execution that waits for its turn, or for capacity. */
export interface QueuedExecution {
  readonly card: ExecutionCard;
  readonly submission: Submission;
  readonly plan: Plan;
  readonly needs: SlaveNeeds;
  /** Asked for while it waits; they act when it starts. */
  readonly scales: ScaleRequest[];
  /** They go on to follow it when it starts. */
  readonly watchers: Watchers;
  /** The store's token for its owner; null: its submission is not stored yet. */
  token: number | null;
}

/** What is to be done with one that waits. */
export interface QueueTurn {
  start(queued: QueuedExecution, token: number, slaves: readonly ChosenSlave[]): void;
  refuse(queued: QueuedExecution, error: EngineError): void;
}

/**
 * Looks at those that wait, in order, while there are places; `tried`: only at these. One that waits for capacity holds
 * up nobody; one whose slaves are gone is refused, unless it asked to wait.
 */
export function takeTurns(
  queue: QueuedExecution[],
  tried: readonly QueuedExecution[],
  free: () => number,
  select: (needs: SlaveNeeds) => Selection,
  turn: QueueTurn,
): void {
  for (const queued of tried.slice()) {
    if (free() <= 0) return;
    const { token } = queued;
    const place = queue.indexOf(queued);
    if (token === null || place === -1) continue;
    const selection = select(queued.needs);
    if ("error" in selection && (selection.waits || queued.submission.queue)) continue;
    queue.splice(place, 1);
    if ("error" in selection) turn.refuse(queued, selection.error);
    else turn.start(queued, token, selection.chosen);
  }
}
