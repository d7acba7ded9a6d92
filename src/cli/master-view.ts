import type { Clock } from "../protocol/ports.ts";
import type { OutputState } from "../protocol/report.ts";
import type { ExecutionStatus, Metrics, StreamMessage } from "../protocol/rest.ts";
import type { LiveView } from "../report/live.ts";

/** The numbers of an execution that a master tells of every second, as the live view shows them. */
export interface MasterView {
  note(message: Extract<StreamMessage, { readonly type: "metrics" }>): void;
  view(): LiveView;
  /** null: nothing was told yet. */
  readonly status: ExecutionStatus | null;
}

interface Told {
  readonly metrics: Metrics;
  readonly status: ExecutionStatus;
  readonly level: string | null;
  readonly outputs: readonly OutputState[];
  /** `Clock.now`. */
  readonly at: number;
}

/** A view that has been told nothing yet. */
export function createMasterView(clock: Clock): MasterView {
  let last: Told | null = null;
  let before: Told | null = null;
  return {
    get status() {
      return last?.status ?? null;
    },
    note({ metrics, status, level, outputs }) {
      before = last;
      last = { metrics, status, level, outputs, at: clock.now() };
    },
    view: () => describe(last, before, clock.now()),
  };
}

function describe(last: Told | null, before: Told | null, now: number): LiveView {
  const read = (metric: string, key: string): number | null => last?.metrics.metrics[metric]?.values[key] ?? null;
  const requests = last?.metrics.total_requests ?? 0;
  const durationMs = last?.metrics.duration_ms ?? 0;
  const sinceMs = last === null || before === null ? 0 : last.metrics.duration_ms - before.metrics.duration_ms;
  const running = last?.status === "running" && durationMs > 0;
  return {
    // The master tells once a second; between, the time goes on.
    testTimeMs: running && last !== null ? durationMs + Math.min(1_000, now - last.at) : durationMs,
    activeVus: read("vus", "value") ?? 0,
    allocatedVus: last?.metrics.total_vus ?? 0,
    plannedVus: last?.metrics.total_vus ?? 0,
    requests,
    requestsPerSecond: sinceMs > 0 ? ((requests - (before?.metrics.total_requests ?? 0)) / sinceMs) * 1_000 : 0,
    averageRequestsPerSecond: durationMs > 0 ? (requests / durationMs) * 1_000 : 0,
    p95Ms: read("http_req_duration", "p(95)"),
    errorRate: read("http_req_failed", "rate"),
    iterations: last?.metrics.total_iterations ?? 0,
    droppedIterations: read("dropped_iterations", "count") ?? 0,
    errors: read("http_req_failed", "passes") ?? 0,
    level: last?.level ?? null,
    outputs: last?.outputs ?? [],
  };
}
