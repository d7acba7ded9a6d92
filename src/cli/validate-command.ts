import { EngineError } from "../errors.ts";
import { loadInput } from "./load-input.ts";
import type { WorkflowOptions } from "./run-options.ts";
import { createProblemsError, formatProblem, printError, tellError } from "./tell-error.ts";
import type { Terminal } from "./terminal.ts";

/** `validate FILE`: all problems on stderr, or one line on stdout that it is valid; `json`: `{valid, problems}` on stdout. */
export async function validateCommand(
  file: string,
  options: WorkflowOptions & { readonly json?: boolean },
  terminal: Terminal,
): Promise<number> {
  try {
    const { loaded } = await loadInput(file, options, {}, "warning");
    const valid = "workflow" in loaded;
    const problems = valid ? loaded.warnings : loaded.problems;
    if (options.json) {
      terminal.print(`${JSON.stringify({ valid, problems }, null, 2)}\n`);
      return valid ? 0 : new EngineError("invalid_workflow", "").exitCode;
    }
    if (!valid) throw createProblemsError(file, problems);
    for (const warning of problems) terminal.tell(formatProblem(warning, file, terminal.err));
    const scenarios = loaded.workflow.scenarios
      .map(({ name, steps }) => `${name} (${steps.length} ${steps.length === 1 ? "step" : "steps"})`)
      .join(", ");
    terminal.print(`${file}: valid: ${loaded.workflow.name}: ${scenarios}\n`);
    return 0;
  } catch (error) {
    return options.json ? printError(terminal, error) : tellError(terminal, error, file);
  }
}
