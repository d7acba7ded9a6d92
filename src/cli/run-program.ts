import { CommanderError } from "commander";
import { EngineError } from "../errors.ts";
import { readEngineVersion } from "../local/engine-version.ts";
import { createProgram } from "./program.ts";
import { printError, tellError } from "./tell-error.ts";
import { createTerminal } from "./terminal.ts";

const usageExitCode = 104;

/** Runs one command line; gives the exit code. Whatever goes wrong is told in words. */
export async function runProgram(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const terminal = createTerminal(args.includes("--no-color"));
  const json = args.includes("--json");
  const program = createProgram(readEngineVersion(), (code) => {
    exitCode = code;
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => terminal.print(text),
      writeErr: (text) => json || terminal.tell(text),
      getOutHelpWidth: () => terminal.out.width(),
      getErrHelpWidth: () => terminal.err.width(),
    });
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return json ? printError(terminal, error) : tellError(terminal, error, "");
    if (error.exitCode === 0) return 0;
    if (json) printError(terminal, new EngineError("invalid_usage", error.message.replace(/^error: /, "")));
    return usageExitCode;
  }
}

/** Tells of an exception that nobody caught; gives the exit code. */
export function tellFault(fault: unknown): number {
  return tellError(createTerminal(false), fault, "");
}
