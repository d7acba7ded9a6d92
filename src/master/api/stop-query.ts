import type { Static, TObject } from "typebox";
import { Type } from "./schema/type.ts";
import { EngineError } from "../../errors.ts";
import { parseDuration } from "../../quantity.ts";
import type { StopRequest } from "../executions.ts";
import { oneOf } from "./schema/schema.ts";

/** How a DELETE may be asked to stop. */
export const stopFields = {
  grace: Type.Optional(
    Type.String({ maxLength: 40, description: "What running iterations get: a duration or milliseconds" }),
  ),
  force: Type.Optional(Type.Boolean({ description: "No grace" })),
  reason: Type.Optional(
    oneOf(["stopped_by_api", "stopped_by_signal"], {
      description: "What the report says; a command line that a signal ended says so",
    }),
  ),
};

type StopQuery = Static<TObject<typeof stopFields>>;

/** The stop that a query asks for. Throws EngineError `invalid_request`. */
export function readStop({ grace, force = false, reason = "stopped_by_api" }: StopQuery): StopRequest {
  return { graceMs: grace === undefined ? null : readDuration("grace", grace), force, reason };
}

/** Milliseconds of a duration. Throws EngineError `invalid_request`. */
export function readDuration(name: string, value: string | number): number {
  const ms = parseDuration(value);
  if (ms === null || ms > 365 * 86_400_000) {
    const message = `\`${name}\` is \`${String(value).slice(0, 60)}\`; it takes a duration such as 500ms, 30s or 5m, at most a year`;
    throw new EngineError("invalid_request", message);
  }
  return ms;
}
