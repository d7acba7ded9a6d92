import { type Snapshot, totalOf } from "../measure/snapshot.ts";
import { findTrack } from "../measure/windows.ts";
import type { OutputState } from "../protocol/report.ts";
import { percentileOf, shareOf } from "./numbers.ts";

/** What a live line shows of a running execution. */
export interface LiveView {
  /** Test time, ms. */
  readonly testTimeMs: number;
  readonly activeVus: number;
  readonly allocatedVus: number;
  readonly plannedVus: number;
  readonly requests: number;
  /** Of the last second that is complete. */
  readonly requestsPerSecond: number;
  /** Over the run so far. */
  readonly averageRequestsPerSecond: number;
  /** Of http_req_duration over the run so far, ms; null without data. */
  readonly p95Ms: number | null;
  /** Share of failed requests, 0..1; null without data. */
  readonly errorRate: number | null;
  readonly iterations: number;
  readonly droppedIterations: number;
  /** Failures counted so far. */
  readonly errors: number;
  /** Where a search for the limit is, such as `level 3: 60/s`; null or absent: there is none. */
  readonly level?: string | null;
  /** Its live streams of metrics; absent: none. */
  readonly outputs?: readonly OutputState[];
}

/** The numbers of this moment. */
export function summarize(snapshot: Snapshot): LiveView {
  const failed = totalOf(snapshot, "http_req_failed");
  const requests = countOf(snapshot, "http_reqs");
  const measuredMs = snapshot.testTimeMs - snapshot.warmUp.endMs;
  let errors = 0;
  for (const { count } of snapshot.errors.kinds.values()) errors += count;
  return {
    testTimeMs: snapshot.testTimeMs,
    activeVus: snapshot.vus.active,
    allocatedVus: snapshot.vus.allocated,
    plannedVus: snapshot.vus.planned,
    requests,
    requestsPerSecond: requestsOfLastSecond(snapshot),
    averageRequestsPerSecond: measuredMs > 0 ? requests / (measuredMs / 1_000) : 0,
    p95Ms: percentileOf(totalOf(snapshot, "http_req_duration"), 95),
    errorRate: failed?.type === "rate" ? shareOf(failed.passes, failed.total) : null,
    iterations: countOf(snapshot, "iterations"),
    droppedIterations: countOf(snapshot, "dropped_iterations"),
    errors,
  };
}

/** A frame brings a whole second; with several sources the latest one may not be complete. */
function requestsOfLastSecond({ windows, sources }: Snapshot): number {
  const latest = windows.fine.at(-1);
  const point = sources.size > 1 ? (windows.fine.at(-2) ?? latest) : latest;
  const value = point?.values[findTrack(windows, "http_reqs", {})] ?? null;
  return value?.type === "counter" ? value.sum : 0;
}

function countOf(snapshot: Snapshot, metric: string): number {
  const total = totalOf(snapshot, metric);
  return total?.type === "counter" ? total.sum : 0;
}
