import type { Clock } from "../../protocol/ports.ts";
import type { Step } from "../../protocol/workflow.ts";
import type { FlowVu } from "../flow-vu.ts";
import type { Outcome } from "../outcome.ts";
import { aborted, combine, interrupted, passed } from "../outcome.ts";
import type { RunSteps, StepCompiler } from "../place.ts";
import { forkVu, joinBranches } from "./branch.ts";
import { type ParallelConfig, parallelSpec } from "./spec.ts";

/** Runs its steps side by side, each as a branch of the VU; all of them end before it does. */
export const parallelCompiler: StepCompiler = {
  spec: parallelSpec,
  runsAll: false,
  repeats: false,
  compile: (step, place, tags, compileSteps) => {
    const { steps, concurrency, fail_fast: failFast } = step.config as unknown as ParallelConfig;
    const branches = (steps as unknown as readonly Step[])
      .filter(({ disabled }) => !disabled)
      .map((branch) => compileSteps([branch], place));
    return {
      durations: [place.recorder.trend("step_duration", tags)],
      run: (vu, deadline) => runBranches(vu, deadline, branches, concurrency, failFast, place.clock),
    };
  },
};

function runBranches(
  vu: FlowVu,
  deadline: number,
  branches: readonly RunSteps[],
  concurrency: number,
  failFast: boolean,
  clock: Clock,
): Outcome | Promise<Outcome> {
  const cut = failFast ? followHalt(vu.halt) : null;
  const halt = cut?.controller.signal ?? vu.halt;
  const vus: FlowVu[] = [];
  let next = 0;
  let whole: Outcome = passed;
  /** Was a branch left unfinished because another one failed? */
  let failedFast = false;
  const startedAt = clock.now();
  let thinks = false;
  /** How long the busiest lane took without its think time. */
  let busyMs = 0;

  const note = (outcome: Outcome): void => {
    // A branch that was cut says nothing; the one that cut it has said all.
    if (outcome === interrupted && failedFast && !vu.halt.aborted) return;
    whole = combine(whole, outcome);
    if (outcome !== aborted || cut === null) return;
    failedFast = true;
    cut.controller.abort();
  };
  /** Runs branches until none is left; several lanes do so at a time. `idleMs`: the lane's think time so far. */
  const runLane = (idleMs: number): void | Promise<void> => {
    while (next < branches.length && !halt.aborted) {
      const index = next++;
      const branch = forkVu(vu, halt);
      vus[index] = branch;
      const outcome = (branches[index] as RunSteps)(branch, deadline);
      if (outcome instanceof Promise) {
        return outcome.then((ended) => {
          note(ended);
          return runLane(idleMs + branch.thoughtMs);
        });
      }
      note(outcome);
    }
    if (idleMs > 0) thinks = true;
    busyMs = Math.max(busyMs, clock.now() - startedAt - idleMs);
  };
  const finish = (): Outcome => {
    cut?.close();
    joinBranches(vu, vus);
    if (thinks) vu.thoughtMs += clock.now() - startedAt - busyMs;
    return vu.halt.aborted ? interrupted : whole;
  };

  const lanes: Promise<void>[] = [];
  while (lanes.length < concurrency && next < branches.length && !halt.aborted) {
    const lane = runLane(0);
    if (lane instanceof Promise) lanes.push(lane);
  }
  return lanes.length === 0 ? finish() : Promise.all(lanes).then(finish);
}

/** A controller whose signal also aborts with another signal. */
function followHalt(halt: AbortSignal): { readonly controller: AbortController; close(): void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  if (halt.aborted) abort();
  else halt.addEventListener("abort", abort, { once: true });
  return { controller, close: () => halt.removeEventListener("abort", abort) };
}
