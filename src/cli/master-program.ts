import type { Command } from "commander";
import { addMasterStartOptions, type MasterStartOptions } from "./master-start-options.ts";
import type { Terminal } from "./terminal.ts";

/** Adds `start` to the group `master`. */
export function addMasterStart(master: Command, terminal: Terminal, finish: (exitCode: number) => void): void {
  const start = master
    .command("start")
    .description("Serve the API and steer executions on the slaves that join, until told to end.")
    .action(async (options: MasterStartOptions) => {
      const { masterStartCommand } = await import("./master-command.ts");
      finish(await masterStartCommand(options, terminal));
    });
  addMasterStartOptions(start).addHelpText(
    "after",
    "\nExamples:\n  $ workflow-engine master start --standalone\n  $ workflow-engine master start --address 0.0.0.0:8080 --max-executions 200",
  );
}
