import type { Step } from "../../protocol/workflow.ts";
import { after } from "../after.ts";
import type { FlowVu } from "../flow-vu.ts";
import type { Outcome } from "../outcome.ts";
import { aborted } from "../outcome.ts";
import type { StepCompiler } from "../place.ts";
import { type CallConfig, callSpec } from "./spec.ts";

/**
 * Runs steps that see their parameters and what they set themselves, not the caller's variables of the iteration; only
 * the results come back. What lives as long as the VU, connections, cookies and `response` are the same inside.
 */
export const callCompiler: StepCompiler = {
  spec: callSpec,
  runsAll: true,
  // The results are looked at when the steps inside have run.
  repeats: true,
  compile: (step, place, tags, compileSteps) => {
    const config = step.config as unknown as CallConfig;
    const { texts } = place;
    const params = Object.entries(config.params).map(([name, value]) => [name, texts.templateJson(value)] as const);
    const defaults = config.defaults.map(([name, value]) => [name, texts.templateJson(value)] as const);
    const declared = config.declared.map(([name, text]) => [name, texts.expression(text)] as const);
    const returns = config.returns.map(([name, text]) => [name, texts.expression(text)] as const);
    const runSteps = compileSteps(config.steps as unknown as readonly Step[], place);

    return {
      durations: [place.recorder.trend("step_duration", tags)],
      run: (vu, deadline) => {
        const outer = vu.variables;
        const inner = new Map<string, unknown>();
        for (const [name, evaluate] of params) inner.set(name, evaluate(vu));
        return leave(vu, outer, () => {
          vu.variables = inner;
          for (const [name, evaluate] of defaults) inner.set(name, evaluate(vu));
          return after(runSteps(vu, deadline), (outcome) => {
            if (outcome >= aborted) return outcome;
            for (const [name, evaluate] of declared) inner.set(name, evaluate(vu));
            const values = returns.map(([name, evaluate]) => [name, evaluate(vu)] as const);
            for (const [name, value] of values) outer.set(name, value);
            return outcome;
          });
        });
      },
    };
  },
};

/** Runs the inside and gives the VU its variables back, however it ends. */
function leave(
  vu: FlowVu,
  outer: Map<string, unknown>,
  inside: () => Outcome | Promise<Outcome>,
): Outcome | Promise<Outcome> {
  const restore = (): void => {
    vu.variables = outer;
  };
  try {
    const outcome = inside();
    if (outcome instanceof Promise) return outcome.finally(restore);
    restore();
    return outcome;
  } catch (error) {
    restore();
    throw error;
  }
}
