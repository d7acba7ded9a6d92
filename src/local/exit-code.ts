import type { Reason, Report } from "../protocol/report.ts";

/** What the command line ends with for each reason of a failed or aborted execution. */
const exitCodes: Readonly<Record<Reason, number>> = {
  thresholds: 99,
  setup_timeout: 100,
  teardown_timeout: 101,
  stopped_by_api: 103,
  stopped_by_signal: 105,
  setup_failed: 107,
  setup_lost: 107,
  start_failed: 1,
  nothing_succeeded: 1,
  slaves_lost: 1,
  internal: 1,
};

/** The exit code of a finished execution: 0 passed, 111 passed but degraded where `failOnDegraded` asks for it, else by its reason. */
export function exitCodeOf(report: Report, failOnDegraded: boolean): number {
  if (report.reason !== null) return exitCodes[report.reason];
  if (!report.passed) return 1;
  return failOnDegraded && report.degraded ? 111 : 0;
}
