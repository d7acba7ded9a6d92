import type { DriverOutcome } from "./call-driver.ts";

/** A step that waits for messages and ran out of time says how far it came. `wanted` is 0 for one that does not wait. */
export function tellHowMany<Value>(outcome: DriverOutcome<Value>, came: number, wanted: number): DriverOutcome<Value> {
  if (wanted === 0 || outcome.kind !== "failed" || outcome.failure.code !== "timeout") return outcome;
  const message = `${came} of ${wanted} messages came in time; raise the timeout, or see who publishes`;
  return { ...outcome, failure: { code: "timeout", message } };
}
