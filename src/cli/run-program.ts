import { type Command, CommanderError } from "commander";
import { EngineError } from "../errors.ts";
import { readEngineVersion } from "../local/engine-version.ts";
import { nameLater } from "./name-later.ts";
import { createProgram } from "./program.ts";
import { printError, tellError } from "./tell-error.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

const usageExitCode = 104;

/** Runs one command line; gives the exit code. Whatever goes wrong is told in words. */
export async function runProgram(args: readonly string[]): Promise<number> {
  const terminal = createTerminal(args.includes("--no-color"));
  const exitCode = await runCommands(args, terminal);
  if (terminal.failure === null) return exitCode;
  const failure = new EngineError("unwritable_output", `cannot write to stdout: ${terminal.failure}`);
  const failureCode = tellError(terminal, failure, "");
  return exitCode || failureCode;
}

async function runCommands(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0;
  const json = args.includes("--json");
  const isLocal = ["run", "validate", "import"].includes(args[0] ?? "");
  const addMore = isLocal ? null : (await import("./cluster-program.ts")).addClusterCommands;
  const finish = (code: number): void => {
    exitCode = code;
  };
  const program = createProgram(readEngineVersion(), terminal, finish, addMore);
  for (const command of listCommands(program)) {
    command.exitOverride().configureOutput({
      writeOut: (text) => terminal.print(text),
      writeErr: (text) => json || terminal.tell(text),
      outputError: (text, write) => write(nameLater(text)),
      getOutHelpWidth: () => terminal.out.width(),
      getErrHelpWidth: () => terminal.err.width(),
    });
  }
  program.hook("preAction", async (_program, command) => {
    // Those with a configuration tell it together with what else is wrong.
    if (command.name() === "start" || !Object.keys(process.env).some((name) => name.startsWith("WE_"))) return;
    const { checkEnvironment } = await import("./check-environment.ts");
    checkEnvironment(process.env);
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return json ? printError(terminal, error) : tellError(terminal, error, "");
    if (error.exitCode === 0) return 0;
    if (json) printError(terminal, new EngineError("invalid_usage", nameLater(error.message).replace(/^error: /, "")));
    return usageExitCode;
  }
}

/** A command and all below it. */
function listCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(listCommands)];
}

/** Tells of an exception that nobody caught, as the command line asks for; gives the exit code. */
export function tellFault(fault: unknown, args: readonly string[]): number {
  const terminal = createTerminal(args.includes("--no-color"));
  return args.includes("--json") ? printError(terminal, fault) : tellError(terminal, fault, "");
}
