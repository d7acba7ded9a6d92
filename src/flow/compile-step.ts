import { EngineError } from "../errors.ts";
import type { Tags } from "../measure/recorder.ts";
import type { Pause, Step } from "../protocol/workflow.ts";
import { compileFlowStep } from "./compile-flow-step.ts";
import type { CompiledOperation } from "./compile-operation.ts";
import { compileOperation } from "./compile-operation.ts";
import type { Outcome } from "./outcome.ts";
import { aborted, combine, interrupted, outcomeOfFailure, passed } from "./outcome.ts";
import type { FlowVu } from "./flow-vu.ts";
import { compilePause } from "./pause.ts";
import type { CompileSteps, Place, RunSteps } from "./place.ts";
import { compileAttempts } from "./retry.ts";
import type { StepRecord } from "./step-record.ts";
import { asFailure, createStepRecord } from "./step-record.ts";
import { traceRecord, traceStep } from "./trace-step.ts";
import { waitUntil } from "./wait.ts";

/** A step as its list runs it: one of the two is null. */
export interface CompiledStep {
  /** A step that is nothing but an operation and a look at its result: the list awaits it without a layer between. */
  readonly plain: CompiledOperation | null;
  readonly run: RunSteps | null;
}

/**
 * One step -> one function, in this order: condition, pre_hook, attempts (each with the timeout, extractions,
 * assertions and checks), counting, post_hook, think_time. What does not stand in the step costs nothing.
 * A condition that is false leaves no trace. A failing pre_hook fails the step without an attempt; a failing post_hook
 * means for the iteration what a failure of the step means. Throws EngineError for what cannot be compiled.
 */
export function compileStep(step: Step, place: Place, compileSteps: CompileSteps): CompiledStep {
  const tags = makeStepTags(step, place);
  const { trace } = place;
  const counted = createStepRecord(step, tags, place);
  const record = trace === null ? counted : traceRecord(step, counted, trace);
  const executor = place.executors.get(step.type);
  if (executor !== undefined) {
    const plain = compileOperation(step, executor, tags, record, place);
    if (trace === null && isPlain(step)) return { plain, run: null };
    return { plain: null, run: around(compileAttempts(step, plain.attempt, place.clock)) };
  }
  const compiler = place.compilers[step.type];
  if (compiler === undefined) {
    throw new EngineError("unsupported", `step ${step.id}: the step type \`${step.type}\` is not in this version`);
  }
  const inside = { ...place, tags: { ...place.tags, ...step.tags } };
  const body = compiler.compile(step, inside, tags, compileSteps);
  const attempt = compileFlowStep(step, body, tags, record, place);
  return { plain: null, run: around(compileAttempts(step, attempt, place.clock)) };

  function around(attempts: RunSteps): RunSteps {
    const run = compileAround(step, attempts, record, place, compileSteps);
    if (trace === null) return run;
    const part = place.tags["scenario"] ?? place.group.split("::")[1] ?? "";
    return traceStep(step, part, run, place.clock, trace);
  }
}

/** The user's tags may rename (`name`) but not move a step: `step` and `group` are the engine's. */
function makeStepTags(step: Step, place: Place): Tags {
  const tags = { ...place.tags, name: step.name, ...step.tags, step: step.id };
  return place.group === "" ? tags : { ...tags, group: place.group };
}

function isPlain(step: Step): boolean {
  const around = step.preHook.length + step.postHook.length;
  return step.condition === null && around === 0 && step.thinkTime === null && step.onError !== "retry";
}

function compileAround(
  step: Step,
  attempts: RunSteps,
  record: StepRecord,
  place: Place,
  compileSteps: CompileSteps,
): RunSteps {
  const condition = step.condition === null ? null : place.texts.condition(step.condition);
  const preHook = step.preHook.length === 0 ? null : compileSteps(step.preHook, place);
  const postHook = step.postHook.length === 0 ? null : compileSteps(step.postHook, place);
  const pause = step.thinkTime === null ? null : compileThinkTime(step.thinkTime, record, place);
  const hooked = preHook === null && postHook === null && pause === null ? attempts : runHooked;
  if (condition === null) return hooked;

  return (vu, deadline) => {
    try {
      if (!condition(vu)) {
        place.trace?.({ type: "skipped", step: step.id, condition: step.condition ?? "" });
        return passed;
      }
    } catch (error) {
      return record.fail(vu, asFailure(error), null);
    }
    return hooked(vu, deadline);
  };

  async function runHooked(vu: FlowVu, deadline: number): Promise<Outcome> {
    let worst: Outcome = passed;
    if (preHook !== null) {
      const before = await preHook(vu, deadline);
      if (before === interrupted) return interrupted;
      if (before === aborted) return record.failInside();
      worst = before;
    }
    const outcome = await attempts(vu, deadline);
    if (outcome === interrupted) return interrupted;
    worst = combine(worst, outcome);
    if (postHook !== null) {
      const after = await postHook(vu, deadline);
      if (after === interrupted) return interrupted;
      const meaning = after === aborted ? outcomeOfFailure[step.onError] : after;
      worst = combine(worst, meaning);
    }
    if (pause === null || worst >= aborted) return worst;
    const paused = await pause(vu, deadline);
    return combine(worst, paused);
  }
}

function compileThinkTime(thinkTime: Pause, record: StepRecord, place: Place): RunSteps {
  const draw = compilePause(thinkTime, place);
  const { clock } = place;
  return async (vu, deadline) => {
    let length: number;
    try {
      length = draw(vu);
    } catch (error) {
      return record.failAfter(vu, asFailure(error));
    }
    const from = clock.now();
    const rested = await waitUntil(Math.min(from + length, deadline), clock, vu.halt);
    vu.thoughtMs += clock.now() - from;
    return rested ? passed : interrupted;
  };
}
