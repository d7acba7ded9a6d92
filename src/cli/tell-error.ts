import { EngineError } from "../errors.ts";
import type { Problem } from "../protocol/problem.ts";
import { hideSecrets } from "./secret-memory.ts";
import type { Side, Terminal } from "./terminal.ts";

/** One line for each problem: `file:line:column: path: message`. */
export function formatProblem(problem: Problem, file: string, side: Side): string {
  const { colors } = side;
  const isFlag = problem.path.startsWith("--");
  const outside = problem.path.startsWith("WE_") ? "environment" : isFlag || file === "" ? "command line" : file;
  const place = problem.line === undefined ? outside : `${file}:${problem.line}:${problem.column ?? 1}`;
  const path = problem.path === "" ? "" : `${colors.cyan(problem.path)}: `;
  const mark = problem.severity === "warning" ? `${colors.yellow("warning:")} ` : "";
  return `${colors.bold(place)}: ${mark}${path}${problem.message}\n`;
}

/** The one error for a workflow with problems. */
export function createProblemsError(file: string, problems: readonly Problem[]): EngineError {
  const count = problems.filter(({ severity }) => severity !== "warning").length;
  return new EngineError("invalid_workflow", `${file} has ${count === 1 ? "a problem" : `${count} problems`}`, {
    problems,
  });
}

/** Tells an error in one message with its problems and its hint; gives the exit code. Never shows a stack. */
export function tellError(terminal: Terminal, thrown: unknown, file: string): number {
  const { colors } = terminal.err;
  const error = asEngineError(thrown);
  for (const problem of error.problems) terminal.tell(formatProblem(problem, file, terminal.err));
  terminal.tell(`${colors.red("error:")} ${error.message}\n`);
  if (error.hint !== null) terminal.tell(`${error.hint}\n`);
  return error.exitCode;
}

/** The same for programs: `{error, message, problems}` on stdout. */
export function printError(terminal: Terminal, thrown: unknown): number {
  const error = asEngineError(thrown);
  const { code, message, problems } = error;
  const hint = error.hint === null ? {} : { hint: error.hint };
  terminal.print(`${JSON.stringify({ error: code, message, ...hint, problems }, null, 2)}\n`);
  return error.exitCode;
}

/** What is told: an error of ours, without the secrets that this process knows. */
function asEngineError(thrown: unknown): EngineError {
  if (!(thrown instanceof EngineError)) {
    const message = hideSecrets(thrown instanceof Error ? thrown.message : String(thrown));
    return new EngineError("internal_error", `${message} (a fault of the engine: please report it)`, { cause: thrown });
  }
  return new EngineError(thrown.code, hideSecrets(thrown.message), {
    hint: thrown.hint === null ? undefined : hideSecrets(thrown.hint),
    problems: thrown.problems.map((problem) => ({ ...problem, message: hideSecrets(problem.message) })),
  });
}
