import { computeLoadDuration } from "../plan/profiles/load-profile.ts";
import type { Load } from "../protocol/load.ts";
import type { Workflow } from "../protocol/workflow.ts";
import type { LiveView } from "../report/live.ts";
import type { Side } from "./terminal.ts";

/** What a run is on its way to. */
export interface Goal {
  /** The end of the load on the test clock, ms; null: open. */
  readonly durationMs: number | null;
  /** Set when all of the load is a number of iterations. */
  readonly iterations: number | null;
}

/** What the workflow's load comes to, graceful stops left out. */
export function findGoal(workflow: Workflow): Goal {
  let durationMs: number | null = 0;
  let iterations: number | null = 0;
  for (const { load, startTimeMs } of workflow.scenarios) {
    const own = computeLoadDuration(load);
    durationMs = own === null || durationMs === null ? null : Math.max(durationMs, startTimeMs + own);
    const count = countIterations(load);
    iterations = count === null || iterations === null ? null : iterations + count;
  }
  return { durationMs, iterations };
}

function countIterations(load: Load): number | null {
  if (load.mode === "shared-iterations") return load.iterations;
  return load.mode === "per-vu-iterations" ? load.vus * load.iterations : null;
}

/** How much of the goal is reached, 0..1; null where there is no end. */
export function measureProgress(view: LiveView, { durationMs, iterations }: Goal): number | null {
  if (iterations !== null && iterations > 0) return Math.min(1, view.iterations / iterations);
  return durationMs === null || durationMs === 0 ? null : Math.min(1, view.testTimeMs / durationMs);
}

const barWidth = 24;
/** Narrower terminals get no bar: a line that wraps could not be erased. */
const leastWidthForBar = 64;

/** The lines of the live view: how far, how it goes, and each output that loses points or fails. */
export function formatLiveView(view: LiveView, goal: Goal, side: Side): readonly string[] {
  const { colors } = side;
  const share = measureProgress(view, goal);
  const filled = Math.round((share ?? 0) * barWidth);
  const bar =
    share === null || side.width() < leastWidthForBar
      ? ""
      : `  ${colors.cyan("█".repeat(filled))}${colors.dim("░".repeat(barWidth - filled))}`;
  const percent = share === null ? "" : ` ${Math.floor(share * 100)}%`;
  const numbers = formatNumbers(view).join("  ");
  const width = side.width() - 1;
  const fit = (line: string): string => (line.length > width ? `${line.slice(0, width - 1)}…` : line);
  return [
    `${colors.bold(formatReached(view, goal))}${bar}${percent}`,
    fit(numbers),
    ...formatOutputs(view).map((line) => colors.yellow(fit(line))),
  ];
}

/** The same as one plain line. */
export function formatLiveLine(view: LiveView, goal: Goal): string {
  return `${[formatReached(view, goal), ...formatNumbers(view), ...formatOutputs(view)].join("  ")}\n`;
}

function formatOutputs({ outputs = [] }: LiveView): string[] {
  return outputs.flatMap(({ type, target, dropped, waiting, failing, last_error }) => {
    const facts = [
      ...(failing ? [`failing, ${formatCount(waiting)} points wait`] : []),
      ...(dropped > 0 ? [`${formatCount(dropped)} points dropped`] : []),
    ];
    if (facts.length === 0) return [];
    return [`output ${type} ${target}: ${facts.join(", ")}${last_error === null ? "" : ` (${last_error})`}`];
  });
}

function formatReached(view: LiveView, { durationMs, iterations }: Goal): string {
  const elapsed = formatClock(view.testTimeMs);
  if (iterations !== null) return `${elapsed}  ${formatCount(view.iterations)}/${formatCount(iterations)} iterations`;
  return durationMs === null ? elapsed : `${elapsed} / ${formatClock(durationMs)}`;
}

function formatNumbers(view: LiveView): string[] {
  const { p95Ms, errorRate, level = null } = view;
  return [
    ...(level === null ? [] : [level]),
    `${formatCount(view.activeVus)} VUs`,
    `${formatCount(view.requestsPerSecond)} req/s`,
    `p95 ${p95Ms === null ? "-" : formatLatency(p95Ms)}`,
    `${errorRate === null ? "-" : `${(errorRate * 100).toFixed(2)}%`} failed`,
    `${formatCount(view.iterations)} iterations`,
    ...(view.droppedIterations > 0 ? [`${formatCount(view.droppedIterations)} dropped`] : []),
  ];
}

function formatLatency(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

function formatCount(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** `0:07`, `12:30`, `1:00:00`. */
function formatClock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const pad = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}
