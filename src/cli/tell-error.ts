import { EngineError } from "../errors.ts";
import type { Problem } from "../protocol/problem.ts";
import { noteFault } from "./fault-log.ts";
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

/** What the machine does not give is no fault of the engine. */
const shortages: ReadonlyMap<string, string> = new Map([
  ["EMFILE", "this process may open no more files and sockets; raise its limit (ulimit -n, LimitNOFILE)"],
  ["ENFILE", "this machine can open no more files and sockets; raise fs.file-max, or end what holds them"],
  ["ENOSPC", "there is no space left on a disk that was written to; free some"],
  ["ENOMEM", "there is no memory left"],
]);

/** What is told: an error of ours, without the secrets that this process knows. */
function asEngineError(thrown: unknown): EngineError {
  if (!(thrown instanceof EngineError) || thrown.code === "internal_error") noteFault(thrown);
  if (!(thrown instanceof EngineError)) {
    const { code } = { code: "", ...(thrown as object | null) };
    const shortage = typeof code === "string" ? shortages.get(code) : undefined;
    if (shortage !== undefined) return new EngineError("start_failed", shortage, { cause: thrown });
    const message = hideSecrets(thrown instanceof Error ? thrown.message : String(thrown));
    return new EngineError("internal_error", `${message} (a fault of the engine: please report it)`, { cause: thrown });
  }
  return new EngineError(thrown.code, hideSecrets(thrown.message), {
    hint: thrown.hint === null ? undefined : hideSecrets(thrown.hint),
    problems: thrown.problems.map((problem) => ({ ...problem, message: hideSecrets(problem.message) })),
  });
}
