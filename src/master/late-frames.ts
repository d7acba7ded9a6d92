import { addLate } from "../cluster/settle-frame.ts";
import { type FleetRecord, nameSource } from "../cluster/fleet-state.ts";
import { countTold } from "../cluster/told-iterations.ts";
import type { Frame } from "../protocol/frame.ts";
import type { Report } from "../protocol/report.ts";
import type { AppendOutcome, Source, Store } from "../store/store.ts";
import { readDocument } from "./stored-execution.ts";

/** Takes frames of executions that nobody steers any more because they have ended, maybe under an earlier master. */
export interface LateFrames {
  /** Stores the frame and counts it in the stored report, both or neither; null: of no such execution, or no source of it. */
  add(source: Source, frame: Frame): Promise<AppendOutcome | null>;
}

/** More than these wait for nobody: what is not acknowledged comes again. */
const mostWaiting = 1_000;

/** The late frames of a store's executions, one after the other. */
export function createLateFrames(store: Store): LateFrames {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  const take = async (source: Source, frame: Frame): Promise<AppendOutcome | null> => {
    const { executionId, slaveId, incarnation } = source;
    const [report, checkpoint] = await Promise.all([
      readDocument(store, executionId, "report"),
      store.readCheckpoint(executionId),
    ]);
    const name = nameSource(slaveId, incarnation);
    const sources = (checkpoint?.state as FleetRecord | undefined)?.sources ?? [];
    if (report === null || !sources.some(([known]) => known === name)) return null;
    return store.appendFrame(source, frame, amend(report, frame));
  };

  return {
    async add(source, frame) {
      if (waiting >= mostWaiting) throw new Error(`${waiting} late frames are waiting to be stored`);
      waiting++;
      const taken = last.then(() => take(source, frame)).finally(() => waiting--);
      // Told to whoever brought the frame; the next one only waits its turn.
      last = taken.catch(() => undefined);
      return taken;
    },
  };
}

/** What came late is no longer lost. */
function amend(report: Report, frame: Frame): Report {
  // What it stands for is measured by nobody.
  if (frame.gap !== undefined) return report;
  const late = { ...report.late };
  addLate(late, frame);
  const told = countTold(frame);
  return { ...report, late, lost: { ...report.lost, iterations: Math.max(0, report.lost.iterations - told) } };
}
