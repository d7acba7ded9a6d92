import type { Json } from "../../protocol/json.ts";
import type { Random } from "../../protocol/ports.ts";
import type { Step } from "../../protocol/workflow.ts";
import type { FlowVu } from "../flow-vu.ts";
import type { RunSteps, StepCompiler } from "../place.ts";
import { type SwitchCase, type SwitchConfig, switchSpec } from "./spec.ts";

/** Runs one case; without a true expression its `default`. */
export const switchCompiler: StepCompiler = {
  spec: switchSpec,
  runsAll: false,
  repeats: false,
  compile: (step, place, tags, compileSteps) => {
    const config = step.config as unknown as SwitchConfig;
    const compile = (steps: readonly Json[]): RunSteps => compileSteps(steps as unknown as readonly Step[], place);
    const runs = [...config.cases.map(({ steps }) => compile(steps)), compile(config.default)];
    const tests = config.cases.map(({ expression }) =>
      expression === null ? null : place.texts.condition(expression),
    );
    const weighted = config.cases.some(({ weight }) => weight !== null);
    const choose = weighted
      ? compileDraw(config.cases, place.random)
      : (vu: FlowVu): number => {
          const found = tests.findIndex((test) => test?.(vu));
          return found < 0 ? tests.length : found;
        };
    return {
      durations: [place.recorder.trend("step_duration", tags)],
      run: (vu, deadline) => (runs[choose(vu)] as RunSteps)(vu, deadline),
    };
  },
};

/** The index of a case, drawn by weight. */
function compileDraw(cases: readonly SwitchCase[], random: Random): () => number {
  let sum = 0;
  const ends = cases.map(({ weight }) => (sum += weight ?? 0));
  return () => {
    const drawn = random() * sum;
    return ends.findIndex((end) => drawn < end);
  };
}
