import type { Static } from "typebox";
import { Type } from "./schema/type.ts";
import { EngineError } from "../../errors.ts";
import type { Execution } from "../../protocol/rest.ts";
import type { TimeSeriesQuery } from "../executions.ts";
import { exactly } from "./schema/schema.ts";
import { readDuration } from "./stop-query.ts";

const moment = (description: string) => Type.Optional(Type.String({ maxLength: 40, description }));

const part = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 64, description }));

/** The parameters of `GET /executions/:id/timeseries`. */
export const timeSeriesQuery = exactly({
  from: moment("RFC 3339, or a duration since the start"),
  to: moment("RFC 3339, or a duration since the start"),
  step: moment("The least width of a point, a duration"),
  max_points: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
  slave: part("What this slave measured, in points that may be wider"),
  scenario: part("What this scenario measured; its errors without those of steps that other scenarios run, too"),
});

type TimeSeriesParameters = Static<typeof timeSeriesQuery>;

/**
 * The query of an execution, in milliseconds since its start. Throws EngineError `invalid_request`, also for a slave that
 * has no part in it.
 */
export function readTimeSeriesQuery(
  parameters: TimeSeriesParameters,
  { id, start_time: start, slave_states: slaves }: Pick<Execution, "id" | "start_time" | "slave_states">,
): TimeSeriesQuery {
  const { from, to, step, max_points: maxPoints, slave, scenario } = parameters;
  const startedAt = start === null ? null : Date.parse(start);
  if (slave !== undefined && !Object.hasOwn(slaves, slave)) {
    const known = Object.keys(slaves).slice(0, 20).join(", ");
    const message = `\`slave\` is \`${slave}\`, which has no part in execution ${id}; there are ${known || "none yet"}`;
    throw new EngineError("invalid_request", message);
  }
  return {
    slave,
    scenario,
    fromMs: from === undefined ? undefined : readMoment("from", from, startedAt),
    toMs: to === undefined ? undefined : readMoment("to", to, startedAt),
    stepMs: step === undefined ? undefined : readDuration("step", step),
    maxPoints,
  };
}

function readMoment(name: string, text: string, startedAt: number | null): number {
  if (!/^\d{4}-\d\d-\d\dT/.test(text)) return readDuration(name, text);
  // In a query a plus is a space.
  const time = Date.parse(text.replace(" ", "+"));
  if (Number.isNaN(time)) {
    throw new EngineError(
      "invalid_request",
      `\`${name}\` is \`${text}\`; it takes a time such as 2026-01-06T10:00:00Z`,
    );
  }
  return Math.max(0, time - (startedAt ?? time));
}
