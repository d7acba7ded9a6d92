import type { Executor, VirtualUser } from "../protocol/step.ts";
import type { Feeder, Scenario, Step, Workflow } from "../protocol/workflow.ts";
import { beginResources, closeResources, compileBegin } from "./begin.ts";
import { compileEachStep, compileSteps } from "./compile-steps.ts";
import type { CompiledScenario, IterationOutcome } from "./compiled.ts";
import { findFeeders, listPerIteration } from "./data-names.ts";
import { FlowVu } from "./flow-vu.ts";
import type { Outcome } from "./outcome.ts";
import { aborted, combine, interrupted, passed } from "./outcome.ts";
import { compilePause } from "./pause.ts";
import type { Phase } from "./phase.ts";
import { listSteps } from "./references.ts";
import type { Answers } from "./sequence.ts";
import { compileSequence } from "./sequence.ts";
import { asFailure } from "./step-record.ts";

const iterationOutcomes: Answers<IterationOutcome> = ["passed", "failed", "passed", "failed", "failed", "interrupted"];

type Iterate = (vu: FlowVu, deadline: number) => IterationOutcome | Promise<IterationOutcome>;

/** Compiles a scenario's steps and what is around them. Throws EngineError for what cannot be compiled. */
export function compileScenario(
  scenario: Scenario,
  phase: Phase,
  workflow: Pick<Workflow, "variables" | "http">,
): CompiledScenario {
  const { place } = phase;
  const iterate = tellEnd(compileIteration(scenario, phase), [...place.executors.values()]);
  const forget = compileBegin(place.references, [], listPerIteration(phase.feeders));
  const used = findFeeders([scenario, workflow.variables, workflow.http], phase.feeders).filter((at) =>
    canEnd(phase.feeders[at]),
  );
  const supply = (per: Feeder["per"]) => {
    const places = used.filter((at) => phase.feeders[at]?.per === per);
    return places.length === 0 ? null : (user: VirtualUser) => phase.feeds.supply(places, asFlowVu(user));
  };
  const vuSetup = scenario.vuSetup.length === 0 ? null : compileSteps(scenario.vuSetup, place);
  const vuTeardown = scenario.vuTeardown.length === 0 ? null : compileSteps(scenario.vuTeardown, place);

  return {
    createVu: (id, signal) => FlowVu.create(id, signal, phase.sizes()),
    vuSetup: async (user) => {
      const vu = asFlowVu(user);
      if (vuSetup === null) return true;
      const outcome = await vuSetup(vu, Infinity);
      // What the VU's setup sets lives as long as the VU.
      for (const [name, value] of vu.variables) vu.vuVariables.set(name, value);
      return outcome === passed;
    },
    iteration: (user) => iterate(asFlowVu(user), Infinity),
    vuTeardown: async (user) => {
      if (vuTeardown === null) return;
      const vu = asFlowVu(user);
      forget(vu);
      await vuTeardown(vu, Infinity);
    },
    drawThinkTime: compileThinkTime(scenario, phase),
    supply: supply("iteration"),
    supplyVu: supply("vu"),
    closeVu: (user) => {
      const vu = asFlowVu(user);
      phase.feeds.leave(vu);
      closeResources(vu);
    },
  };
}

/**
 * pre_hook, steps, post_hook. A pre_hook that aborts fails the iteration and leaves out its steps and its post_hook;
 * after the steps the post_hook always runs, unless the iteration was interrupted.
 */
function compileIteration(scenario: Scenario, { place, slotsOf, feeders }: Phase): Iterate {
  const hooked: readonly Step[] = [...scenario.preHook, ...scenario.steps, ...scenario.postHook];
  const slots = slotsOf(listSteps(hooked, place.compilers));
  const forget = compileBegin(place.references, slots, listPerIteration(feeders));
  const begin = (vu: FlowVu): void => {
    forget(vu);
    beginResources(vu);
  };
  if (scenario.preHook.length + scenario.postHook.length === 0) {
    return compileSequence(compileEachStep(scenario.steps, place), begin, iterationOutcomes);
  }
  const preHook = compileSteps(scenario.preHook, place);
  const steps = compileSteps(scenario.steps, place);
  const postHook = compileSteps(scenario.postHook, place);
  return async (vu, deadline) => {
    begin(vu);
    let worst: Outcome = await preHook(vu, deadline);
    if (worst >= aborted) return iterationOutcomes[worst];
    for (const run of [steps, postHook]) {
      const outcome = await run(vu, deadline);
      worst = combine(worst, outcome);
      if (worst === interrupted) break;
    }
    return iterationOutcomes[worst];
  };
}

/** Tells the executors that want to know that an iteration is over. */
function tellEnd(iterate: Iterate, executors: readonly Executor[]): Iterate {
  const told = executors.filter((executor) => executor.endIteration !== undefined);
  if (told.length === 0) return iterate;
  return async (vu, deadline) => {
    try {
      return await iterate(vu, deadline);
    } finally {
      for (const executor of told) executor.endIteration?.(vu);
    }
  };
}

function compileThinkTime({ thinkTime }: Scenario, { place }: Phase): ((vu: VirtualUser) => number) | null {
  if (thinkTime === null) return null;
  const draw = compilePause(thinkTime, place);
  return (vu) => {
    try {
      return draw(vu);
    } catch (error) {
      const { code, message } = asFailure(error);
      place.recorder.error("", code, message, null);
      return 0;
    }
  };
}

/** Every VU was made by `createVu`. */
function asFlowVu(vu: VirtualUser): FlowVu {
  return vu as FlowVu;
}

/** Can there be no row for somebody? */
function canEnd(feeder: Feeder | undefined): boolean {
  return feeder?.onEnd === "stop";
}
