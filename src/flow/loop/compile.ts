import { showValue } from "../../expression/template-error.ts";
import { EngineError } from "../../errors.ts";
import type { Evaluate, Failure } from "../../protocol/step.ts";
import type { Step } from "../../protocol/workflow.ts";
import type { FlowVu } from "../flow-vu.ts";
import type { Outcome } from "../outcome.ts";
import { interrupted, passed } from "../outcome.ts";
import type { Place, StepCompiler } from "../place.ts";
import { Passes } from "./passes.ts";
import { type LoopConfig, loopSpec } from "./spec.ts";

/**
 * Runs its steps pass by pass. A pass that aborts ends the loop, one that only failed does not. Passes that never wait
 * give the thread's other VUs their turn.
 */
export const loopCompiler: StepCompiler = {
  spec: loopSpec,
  runsAll: false,
  repeats: true,
  compile: (step, place, tags, compileSteps) => {
    const config = step.config as unknown as LoopConfig;
    const { clock, turn } = place;
    const runSteps = compileSteps(config.steps as unknown as readonly Step[], place);
    const begin = compileBegin(config, place);
    const begins = compileBegins(config, place);

    return {
      durations: [place.recorder.trend("step_duration", tags)],
      run: (vu, deadline) => {
        const passes = begin(vu, deadline);
        const around = vu.loop;
        const { variables } = vu;
        const hidden = variables.get(config.item_var);
        vu.loop = passes;
        const ended = run(passes);
        return ended instanceof Promise ? ended.then(finish, fault) : finish(ended);

        function finish(value: Outcome | Failure): Outcome | Failure {
          vu.loop = around;
          if (passes.items !== null) restore(variables, config.item_var, hidden);
          return value;
        }

        function fault(error: unknown): never {
          finish(passed);
          throw error;
        }
      },
    };

    function run(passes: Passes): Outcome | Failure | Promise<Outcome | Failure> {
      try {
        while (begins(passes)) {
          const outcome = passes.leftOut ? passed : runSteps(passes.vu, passes.deadline);
          if (outcome instanceof Promise) return goOn(passes, outcome);
          passes.note(outcome, step.id);
          if (!passes.over && turn.isOver(clock.now())) return goOn(passes, waitTurn());
        }
      } catch (error) {
        return Promise.reject(error as Error);
      }
      return passes.failure ?? passes.whole;
    }

    /** From a pass that is waited for. */
    async function goOn(passes: Passes, pending: Promise<Outcome>): Promise<Outcome | Failure> {
      passes.note(await pending, step.id);
      while (begins(passes)) {
        const outcome = passes.leftOut ? passed : runSteps(passes.vu, passes.deadline);
        passes.note(outcome instanceof Promise ? await outcome : outcome, step.id);
        if (!passes.over && turn.isOver(clock.now())) await turn.next();
      }
      return passes.failure ?? passes.whole;
    }

    async function waitTurn(): Promise<Outcome> {
      await turn.next();
      return passed;
    }
  },
};

/** Looks at how often, or over what, the loop runs. Throws EngineError `template`. */
function compileBegin(config: LoopConfig, { texts }: Place): (vu: FlowVu, deadline: number) => Passes {
  if (config.mode === "while") return (vu, deadline) => new Passes(vu, deadline, null, null);
  if (config.mode === "foreach") {
    const list = texts.templateJson(config.items);
    return (vu, deadline) => {
      const items = list(vu);
      if (!Array.isArray(items)) {
        throw new EngineError("template", `the loop's items are ${showValue(items)}, not a list`);
      }
      return new Passes(vu, deadline, items.length, items);
    };
  }
  const count = compileCount(config.count, texts);
  return (vu, deadline) => new Passes(vu, deadline, count(vu), null);
}

function compileCount(count: number | string, texts: Place["texts"]): Evaluate<number> {
  if (typeof count === "number") return () => count;
  const evaluate = texts.template(count);
  return (vu) => {
    const value = evaluate(vu);
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    if (typeof number === "number" && Number.isSafeInteger(number) && number >= 0) return number;
    throw new EngineError("template", `the loop's count ${count} is ${showValue(value)}, not a whole number from 0`);
  };
}

/** Begins the next pass; false: there is none, the loop is over and says how. Throws EngineError `template`. */
function compileBegins(config: LoopConfig, { texts, clock }: Place): (passes: Passes) => boolean {
  const compile = (text: string | null): Evaluate<boolean> | null => (text === null ? null : texts.condition(text));
  const holds = compile(config.condition);
  const breaks = compile(config.break_condition);
  const continues = compile(config.continue_condition);
  const { max_iterations: limit, item_var: itemVar } = config;

  return (passes) => {
    const { vu, count, items } = passes;
    if (passes.over) return false;
    if (vu.halt.aborted) {
      passes.note(interrupted, "");
      return false;
    }
    const index = ++passes.index;
    if (count !== null && index >= count) return false;
    if (items !== null) vu.variables.set(itemVar, items[index]);
    if (holds !== null && !holds(vu)) return false;
    if (breaks !== null && breaks(vu)) return false;
    if (index >= limit) {
      passes.failure = { code: "loop", message: `the loop is not over after ${limit} passes, its max_iterations` };
      return false;
    }
    if (clock.now() >= passes.deadline) {
      passes.failure = { code: "timeout", message: `the loop was cut short by a timeout after ${index} passes` };
      return false;
    }
    passes.leftOut = continues !== null && continues(vu);
    return true;
  };
}

function restore(variables: Map<string, unknown>, name: string, value: unknown): void {
  if (value === undefined) variables.delete(name);
  else variables.set(name, value);
}
