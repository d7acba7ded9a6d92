import { EngineError } from "../../errors.ts";
import { parseDuration } from "../../quantity.ts";
import type { StopRequest } from "../executions.ts";

/** How a DELETE may be asked to stop. */
export interface StopQuery {
  /** A duration or milliseconds. */
  readonly grace?: string;
  readonly force?: boolean;
  /** What the report says; a command line that a signal ended says so. */
  readonly reason?: StopRequest["reason"];
}

/** What `StopQuery` may hold. */
export const stopSchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    grace: { type: "string", maxLength: 40 },
    force: { type: "boolean" },
    reason: { type: "string", enum: ["stopped_by_api", "stopped_by_signal"] },
  },
};

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
