import type { Command } from "commander";
import { addSlaveStartOptions, readAddress, type SlaveStartOptions } from "./slave-options.ts";
import type { SlaveStatusOptions } from "./slave-status-command.ts";
import type { Terminal } from "./terminal.ts";

/** Adds `start` and `status` to the group `slave`. */
export function addSlaveCommands(slave: Command, terminal: Terminal, finish: (exitCode: number) => void): void {
  const start = slave
    .command("start")
    .description("Join a master and run its load until told to end; SIGTERM drains it first.")
    .action(async (options: SlaveStartOptions) => {
      const { slaveStartCommand } = await import("./slave-command.ts");
      finish(await slaveStartCommand(options, terminal));
    });
  addSlaveStartOptions(start).addHelpText(
    "after",
    "\nExamples:\n  $ workflow-engine slave start --master 192.168.1.100:8080 --max-vus 500\n  $ workflow-engine slave start --id east-1 --labels region=cn-east,env=prod",
  );
  slave
    .command("status")
    .description("Ask the live process; exit code 1 when it does not answer.")
    .option("--address <[host]:port>", "where it serves /status (default: localhost:9091)", readAddress)
    .option("--json", "as JSON")
    .option("--no-color", "no colours")
    .addHelpText("after", "\nExamples:\n  $ workflow-engine slave status --address :9092")
    .action(async (options: SlaveStatusOptions) => {
      const { slaveStatusCommand } = await import("./slave-status-command.ts");
      finish(await slaveStatusCommand(options, terminal));
    });
}
