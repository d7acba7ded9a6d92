import { EngineError } from "../../errors.ts";
import { HttpResult } from "../../http/result.ts";
import type { Evaluate, StepContext, StepResult, VirtualUser } from "../../protocol/step.ts";
import { read } from "../../protocol/step.ts";
import type { Touches } from "./script-config.ts";
import { toSandboxJson } from "./sandbox-json.ts";

/**
 * Compiles what a step's runs are given: the variables that the script names (all of them where it computes names), the
 * latest response if it looks at that, and who runs it; as JSON for the sandbox. Throws EngineError `template` for a
 * variable that cannot be filled in or is no data.
 */
export function compileInput(touches: Touches, context: StepContext): (vu: VirtualUser) => string {
  const readers = touches.reads?.map((name): readonly [string, Evaluate] => [name, context.variable(name)]) ?? null;
  const known = new Map<string, Evaluate>();

  function* listValues(vu: VirtualUser): Generator<readonly [string, Evaluate]> {
    for (const name of context.variableNames(vu)) {
      let reader = known.get(name);
      if (reader === undefined) {
        reader = context.variable(name);
        known.set(name, reader);
      }
      yield [name, reader];
    }
  }

  return (vu) => {
    const values: Record<string, unknown> = {};
    for (const [name, evaluate] of readers ?? listValues(vu)) {
      const value = readers === null ? tryEvaluate(evaluate, vu) : evaluate(vu);
      if (value !== undefined) values[name] = value;
    }
    const input = {
      v: values,
      u: { id: vu.id, iteration: vu.vuIteration },
      i: vu.iteration,
      r: touches.response && vu.response !== undefined ? describeResponse(vu.response) : undefined,
    };
    try {
      return toSandboxJson(input);
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
      throw new EngineError("template", `a variable that the script may read is no plain data: ${error.message}`);
    }
  };
}

/** Of all variables some may not be there to be filled in yet; the script need not want them. */
function tryEvaluate(evaluate: Evaluate, vu: VirtualUser): unknown {
  try {
    return evaluate(vu);
  } catch (error) {
    if (error instanceof EngineError && error.code === "template") return undefined;
    throw error;
  }
}

/** A response as the sandbox makes its `response` of. */
export function describeResponse(response: StepResult): Readonly<Record<string, unknown>> {
  const described: Record<string, unknown> = {
    s: response.statusCode,
    b: response.text(),
    h: response[read]("headers") ?? {},
    d: response.duration,
    e: response[read]("error_code"),
    m: response.failure?.message,
  };
  // The sandbox reads the JSON of a body itself; other results have no body.
  if (!(response instanceof HttpResult)) described["o"] = response[read]("output");
  return described;
}
