import { EngineError } from "../../errors.ts";
import type { Executions } from "../executions.ts";
import { createNotTakenUp, createUnknownExecution } from "../unknown-execution.ts";

/** The id that a path names: `latest` is the newest execution's. Throws EngineError `not_found`. */
export async function resolveId(executions: Pick<Executions, "latestId">, id: string): Promise<string> {
  if (id !== "latest") return id;
  const latest = await executions.latestId();
  if (latest === null)
    throw new EngineError("not_found", "there is no execution yet", { hint: "Submit a workflow first." });
  return latest;
}

/** What `read` finds of the execution that a path names. Throws EngineError `not_found`, `not_ready`. */
export async function findExecution<Found>(
  executions: Pick<Executions, "latestId" | "isAwaited">,
  id: string,
  read: (id: string) => Promise<Found | null>,
): Promise<Found> {
  // What was not there yet when it was looked for may be there when the look is over.
  const named = await resolveId(executions, id);
  const isAwaited = executions.isAwaited(named);
  const found = await read(named);
  if (found !== null) return found;
  return isAwaited ? throwNotReady() : throwUnknownExecution(id);
}

/** Throws EngineError `not_ready`. */
export function throwNotReady(): never {
  throw createNotTakenUp();
}

/** Throws EngineError `not_found` for an id that nobody knows. */
export function throwUnknownExecution(id: string): never {
  throw createUnknownExecution(id);
}
