import { type Static, Type } from "typebox";
import { EngineError } from "../../errors.ts";
import type { TimeSeriesQuery } from "../executions.ts";
import { exactly } from "./schema/schema.ts";
import { readDuration } from "./stop-query.ts";

const moment = (description: string) => Type.Optional(Type.String({ maxLength: 40, description }));

/** The parameters of `GET /executions/:id/timeseries`. `slave` and `scenario` are refused with the rest that is unknown. */
export const timeSeriesQuery = exactly({
  from: moment("RFC 3339, or a duration since the start"),
  to: moment("RFC 3339, or a duration since the start"),
  step: moment("The least width of a point, a duration"),
  max_points: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
});

type TimeSeriesParameters = Static<typeof timeSeriesQuery>;

/** The query in milliseconds since the start (epoch ms; null: not started). Throws EngineError `invalid_request`. */
export function readTimeSeriesQuery(parameters: TimeSeriesParameters, startedAt: number | null): TimeSeriesQuery {
  const { from, to, step, max_points: maxPoints } = parameters;
  return {
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
