import { EngineError } from "../errors.ts";

/** What every call says to an id that nobody knows. */
export function createUnknownExecution(id: string): EngineError {
  return new EngineError("not_found", `there is no execution \`${id.slice(0, 100)}\``, {
    hint: "`workflow-engine executions list`, or GET /api/v1/executions, lists them.",
  });
}

/** What is said instead while executions of the store are not taken up yet: the id may be one of theirs. */
export function createNotTakenUp(): EngineError {
  return new EngineError("not_ready", "unfinished executions are being taken up; ask again in a moment");
}
