import { type Command, Option } from "commander";
import { executionStatuses } from "../protocol/rest.ts";
import {
  addMasterOption,
  addMasterOptions,
  type MasterOptions,
  readTarget,
  readWait,
  type SubmitOptions,
} from "./master-options.ts";
import { addConnectionOptions } from "./connection-options.ts";
import type { MasterBackupOptions } from "./master-backup-command.ts";
import type { MasterStatusOptions } from "./master-status-command.ts";
import type { KeyOptions } from "./keys-command.ts";
import { addMasterStart } from "./master-program.ts";
import type {
  ExecutionListOptions,
  ReportOptions,
  PauseOptions,
  ScaleOptions,
  StopOptions,
  WatchOptions,
} from "./execution-options.ts";
import { collectTexts, readCount, readDuration } from "./option-values.ts";
import { addResultOptions, addStreamOption, addWorkflowOptions } from "./run-options.ts";
import { addSlaveCommands } from "./slave-program.ts";
import type { Terminal } from "./terminal.ts";

/** Adds the commands around a master. Each action loads what it needs when it is called. */
export function addClusterCommands(program: Command, terminal: Terminal, finish: (exitCode: number) => void): void {
  addSubmit(program, terminal, finish);
  const executions = program.command("executions").description("See and steer the executions of a master.");
  addReading(executions, terminal, finish);
  addSteering(executions, terminal, finish);
  addSlaves(program.command("slaves").description("See and drain the slaves of a master."), terminal, finish);
  const master = program.command("master").description("The head of a cluster.");
  addMasterStart(master, terminal, finish);
  addMasterStatus(master, terminal, finish);
  addMasterBackup(master, terminal, finish);
  addKeys(program.command("keys").description("Keys for a master that asks for them."), terminal, finish);
  addSlaveCommands(program.command("slave").description("A machine that makes load for a master."), terminal, finish);
}

function addSubmit(program: Command, terminal: Terminal, finish: (exitCode: number) => void): void {
  const submit = addStreamOption(addWorkflowOptions(program.command("submit <file>")))
    .description("Run a workflow on the slaves of a master and follow it. FILE is as for run.")
    .option("--detach", "print the execution's id and leave")
    .option("--queue", "wait until there is capacity")
    .option("--wait <time>", "wait for capacity, but no longer than this: 10m", readWait)
    .addOption(
      new Option("--on-interrupt <what>", "what Ctrl-C does to the execution")
        .choices(["stop", "detach"])
        .default("stop"),
    )
    .option("--fail-on-degraded", "exit code 111 where slaves were lost or capacity was short")
    .action(async (file: string, options: SubmitOptions) => {
      const { submitCommand } = await import("./submit-command.ts");
      finish(await submitCommand(file, options, terminal));
    });
  addResultOptions(addMasterOption(submit)).addHelpText(
    "after",
    examples(
      "submit test.yaml",
      "submit test.yaml -u 400 -d 10m --master http://10.0.0.1:8080",
      "submit test.yaml --detach",
    ),
  );
}

function addReading(executions: Command, terminal: Terminal, finish: (exitCode: number) => void): void {
  const load = () => import("./executions-command.ts");
  addMasterOptions(executions.command("list"), "print {executions, total} as JSON")
    .description("List executions, the newest first.")
    .addOption(new Option("--status <status>", "only those in this state").choices(executionStatuses))
    .option("--workflow <id>", "only those of this workflow")
    .option("--limit <n>", "at most so many, up to 500", readCount)
    .option("--offset <n>", "leave out the newest n", readTarget)
    .action(async (options: ExecutionListOptions) => finish(await (await load()).listExecutions(options, terminal)));
  addMasterOptions(executions.command("get <id>"), "print the execution as JSON")
    .description("Show one execution; latest is the newest one's id.")
    .action(async (id: string, options: MasterOptions) =>
      finish(await (await load()).getExecution(id, options, terminal)),
    );
  addMasterOptions(executions.command("metrics <id>"), "print the metrics as JSON")
    .description("Show the metrics of an execution so far.")
    .action(async (id: string, options: MasterOptions) =>
      finish(await (await load()).showMetrics(id, options, terminal)),
    );
  addMasterOptions(executions.command("report <id>"), "print the report as JSON")
    .description("Show the report of an execution that has ended.")
    .option("--out-json <file>", "write the report as JSON to a file")
    .option(
      "--report <format=file>",
      "write the report to a file: text, json, junit, markdown, csv or hdr=FILE; repeatable",
      collectTexts,
    )
    .action(async (id: string, options: ReportOptions) =>
      finish(await (await load()).showReport(id, options, terminal)),
    );
  addMasterOptions(executions.command("watch <id>"), "print the report as JSON at the end")
    .description("Follow an execution; ends with its summary and exit code. Ctrl-C only stops watching.")
    .option("-q, --quiet", "only problems and errors on stderr")
    .option("--fail-on-degraded", "exit code 111 where slaves were lost or capacity was short")
    .action(async (id: string, options: WatchOptions) => {
      const { watchCommand } = await import("./watch-command.ts");
      finish(await watchCommand(id, options, terminal));
    });
}

function addSteering(executions: Command, terminal: Terminal, finish: (exitCode: number) => void): void {
  const load = () => import("./steer-command.ts");
  for (const name of ["pause", "resume"] as const) {
    addMasterOptions(executions.command(`${name} <id>`), "print the answer as JSON")
      .description(name === "pause" ? "Start nothing until resume; the test time stands." : "Go on after a pause.")
      .option("--scenario <name>", "this scenario alone; the others go on")
      .action(async (id: string, options: PauseOptions) =>
        finish(await (await load()).steerExecution(name, id, options, terminal)),
      );
  }
  addMasterOptions(executions.command("scale <id>"), "print the answer as JSON")
    .description("Set the number of VUs, or with --rate the iteration starts per time unit.")
    .argument("<n>", "the target", readTarget)
    .option("--over <time>", "get there gradually: 30s", readDuration)
    .option("--scenario <name>", "of this scenario")
    .option("--rate", "N is a rate")
    .action(async (id: string, target: number, options: ScaleOptions) =>
      finish(await (await load()).scaleExecution(id, target, options, terminal)),
    );
  addMasterOptions(executions.command("stop <id>"), "print the answer as JSON")
    .description("Stop an execution; its report tells how far it came.")
    .option("--grace <time>", "what running iterations get: 5s", readDuration)
    .option("--force", "cut running iterations off")
    .action(async (id: string, options: StopOptions) =>
      finish(await (await load()).stopExecution(id, options, terminal)),
    );
}

function addSlaves(slaves: Command, terminal: Terminal, finish: (exitCode: number) => void): void {
  const load = () => import("./slaves-command.ts");
  addMasterOptions(slaves.command("list"), "print {slaves, total} as JSON")
    .description("List the slaves.")
    .action(async (options: MasterOptions) => finish(await (await load()).listSlaves(options, terminal)));
  addMasterOptions(slaves.command("get <id>"), "print the slave as JSON")
    .description("Show one slave.")
    .action(async (id: string, options: MasterOptions) => finish(await (await load()).getSlave(id, options, terminal)));
  for (const name of ["drain", "undrain"] as const) {
    addMasterOptions(slaves.command(`${name} <id>`), "print the answer as JSON")
      .description(
        name === "drain" ? "Move a slave's VUs to others and give it no more." : "Give a drained slave load again.",
      )
      .action(async (id: string, options: MasterOptions) =>
        finish(await (await load()).drainSlave(name, id, options, terminal)),
      );
  }
}

function addKeys(keys: Command, terminal: Terminal, finish: (exitCode: number) => void): void {
  keys
    .command("create")
    .description("Make a key and its hash; the hash goes into the master's configuration.")
    .addOption(
      new Option(
        "--role <role>",
        "what it may do: viewer reads, operator also runs tests, admin also manages, slave joins",
      )
        .choices(["viewer", "operator", "admin", "slave"])
        .makeOptionMandatory(),
    )
    .option("--name <name>", "who is to have it; stands in logs (default: the role)")
    .option("--expires <time>", "how long it is taken: 90d (default: for ever)", readDuration)
    .option("--json", "print {name, role, key, key_hash} as JSON")
    .action(async (options: KeyOptions) => {
      const { createKeyCommand } = await import("./keys-command.ts");
      finish(createKeyCommand(options, terminal));
    });
}

function addMasterStatus(master: Command, terminal: Terminal, finish: (exitCode: number) => void): void {
  addConnectionOptions(master.command("status"))
    .description("Ask the live process; exit code 1 when it does not answer.")
    .option("--address <url>", "where it listens (default: WE_MASTER_URL, else http://localhost:8080)")
    .option("--json", "print the status as JSON")
    .option("--no-color", "no colours")
    .action(async (options: MasterStatusOptions) => {
      const { masterStatusCommand } = await import("./master-status-command.ts");
      finish(await masterStatusCommand(options, terminal));
    });
}

function addMasterBackup(master: Command, terminal: Terminal, finish: (exitCode: number) => void): void {
  addConnectionOptions(master.command("backup"))
    .description("Copy the store of a master while it runs; needs an admin's key.")
    .requiredOption("--out <file>", "where the copy goes; a file of that name is replaced once the copy is whole")
    .option("--address <url>", "where it listens (default: WE_MASTER_URL, else http://localhost:8080)")
    .option("--json", "print {file, size} as JSON")
    .option("--no-color", "no colours")
    .addHelpText("after", examples("master backup --out store.db", "master backup --out /backup/$(date +%F).db"))
    .action(async (options: MasterBackupOptions) => {
      const { masterBackupCommand } = await import("./master-backup-command.ts");
      finish(await masterBackupCommand(options, terminal));
    });
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ workflow-engine ${line}`).join("\n")}`;
}
