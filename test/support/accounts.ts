import type { Report } from "../../src/protocol/report.ts";
import { type Cluster, waitUntil } from "./cluster.ts";
import type { CountingTarget } from "./counting-target.ts";

/** Every request that a report knows of, whatever it counts it as. */
export function countRequests(report: Report): number {
  return valueOf(report, "http_reqs") + report.late.http_reqs + report.warm_up.http_reqs;
}

/** Iterations that were planned and what became of them. */
export function countPlanned(report: Report): number {
  return (
    valueOf(report, "iterations") +
    valueOf(report, "interrupted_iterations") +
    valueOf(report, "dropped_iterations") +
    report.lost.iterations
  );
}

function valueOf(report: Report, metric: string): number {
  return report.metrics[metric]?.values["count"] ?? 0;
}

/** The report as it is now: late frames change it after the end. */
export async function readReport(cluster: Cluster, id: string): Promise<Report> {
  return (await cluster.call("GET", `/executions/${id}/report`)).body as unknown as Report;
}

/** The target's own count is what the report has, once late frames are in; gives that report. */
export async function expectCounts(cluster: Cluster, id: string, target: CountingTarget): Promise<Report> {
  let last: { readonly counted: number; readonly report: Report } | null = null;
  await waitUntil(
    async () => {
      // One after the other: an operation that slips out of a slave that goes on comes to the target first.
      last = { counted: await target.count(), report: await readReport(cluster, id) };
      return countRequests(last.report) === last.counted;
    },
    30_000,
    () => `the target counted ${last?.counted}, the report ${last === null ? "nothing" : countRequests(last.report)}`,
  );
  return (last as unknown as { readonly report: Report }).report;
}
