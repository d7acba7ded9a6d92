import type { Client } from "../client/client.ts";
import { EngineError } from "../errors.ts";
import type { Clock } from "../protocol/ports.ts";
import type { ExecutionStatus } from "../protocol/rest.ts";
import { formatDuration } from "../quantity.ts";

/** What `--wait` is about: an execution that has not started in time is stopped. */
export interface Patience {
  /** Set once it has not started in time. */
  readonly late: EngineError | null;
  /** Rejects when it could not be stopped then; never resolves. */
  readonly failed: Promise<never>;
  note(status: ExecutionStatus): void;
  close(): void;
}

/** Watches an execution that was just submitted. */
export function watchPatience(client: Client, id: string, waitMs: number, clock: Clock): Patience {
  const failed = Promise.withResolvers<never>();
  let late: EngineError | null = null;
  const alarm = clock.at(clock.now() + waitMs, () => {
    late = new EngineError("scheduling_failed", `there was no capacity within ${formatDuration(waitMs)}; nothing ran`, {
      hint: "Start more slaves, or give --wait a longer time.",
    });
    client.stop(id, { force: true, reason: "stopped_by_api" }).catch(failed.reject);
  });
  return {
    get late() {
      return late;
    },
    failed: failed.promise,
    note: (status) => {
      if (status !== "pending") alarm.cancel();
    },
    close: () => alarm.cancel(),
  };
}
