import { type ErrorTotals, listErrors } from "../measure/error-totals.ts";
import type { ReportError } from "../protocol/report.ts";

/** Errors as the report shows them, most frequent first. */
export function describeErrors(totals: ErrorTotals): ReportError[] {
  return listErrors(totals).map(({ code, message, stepId, count, firstSeen, lastSeen, sample }) => ({
    code,
    message,
    step_id: stepId,
    count,
    first_seen: new Date(firstSeen).toISOString(),
    last_seen: new Date(lastSeen).toISOString(),
    sample: sample === null ? null : { ...sample, time: new Date(sample.time).toISOString() },
  }));
}
