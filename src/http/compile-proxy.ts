import { EngineError } from "../errors.ts";
import { compileTextTemplate } from "../expression/template.ts";
import type { ExecutorContext } from "../protocol/step.ts";
import { type ChooseProxy, createProxyChoice } from "./proxy.ts";

/**
 * Fills a `proxy` setting in, once, from `env`, `secret` and the workflow's variables. Throws EngineError `template`;
 * what it holds is not told.
 */
export function compileProxy(
  setting: string,
  { workflow, inputs, random, clock }: Pick<ExecutorContext, "workflow" | "inputs" | "random" | "clock">,
): ChooseProxy | null {
  const names = {
    resolve(name: string) {
      if (name === "env") return () => inputs.env;
      if (name === "secret") return () => inputs.secrets;
      return Object.hasOwn(workflow.variables, name) ? () => workflow.variables[name] : undefined;
    },
  };
  try {
    const language = { random, wall: () => clock.wall() };
    const text = compileTextTemplate(setting, names, language).evaluate(undefined);
    return createProxyChoice(text, inputs.env, (name) => {
      throw new EngineError("template", `${name} is no URL of a proxy; write http://USER:PASSWORD@HOST:PORT`);
    });
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    throw new EngineError("template", `proxy: ${cause.message}; it may read \`env\`, \`secret\` and \`variables\``, {
      cause,
    });
  }
}
