import { Command } from "commander";
import { addImportOptions, type ImportCommandOptions, importFormatNames } from "./import-options.ts";
import type { ImportFormat } from "../import/formats.ts";
import { completionShells } from "./completion-shells.ts";
import type { DemoTargetOptions } from "./demo-target-command.ts";
import { type RunOptions, type WorkflowOptions, addRunOptions, addWorkflowOptions } from "./run-options.ts";
import type { Terminal } from "./terminal.ts";

/**
 * The commands. Each action loads what it needs when it is called and hands its exit code to `finish`.
 * `addMore`: the commands around a master; a run on this machine starts sooner without them.
 */
export function createProgram(
  version: string,
  terminal: Terminal,
  finish: (exitCode: number) => void,
  addMore: ((program: Command, terminal: Terminal, finish: (exitCode: number) => void) => void) | null,
): Command {
  const program = new Command("workflow-engine")
    .description("Load testing with exact numbers: describe a workflow, run it on this machine or on a cluster.")
    .version(version, "-V, --version", "print the version")
    .helpCommand("help [command]", "help on a command")
    .addHelpText("after", examples("run examples/quickstart.yaml --demo-target", "run --help"))
    .showHelpAfterError("Add --help to see what it takes.")
    .exitOverride();

  const run = program
    .command("run <file>")
    .description("Run a workflow on this machine. FILE is YAML, JSON, - (stdin) or a .ts or .js module.")
    .action(async (file: string, options: RunOptions) => {
      const { runCommand } = await import("./run-command.ts");
      finish(await runCommand(file, options, terminal));
    });
  addRunOptions(run).addHelpText(
    "after",
    examples(
      "run examples/quickstart.yaml --demo-target",
      "run test.yaml -u 50 -d 30s",
      "run test.yaml -s 30s:100 -s 1m:100 -s 10s:0",
      "run test.yaml --mode constant-arrival-rate --rate 200 -d 1m",
      "run test.yaml -e BASE_URL=https://staging.example.com --secret TOKEN --out-json report.json",
    ),
  );

  const validate = program
    .command("validate <file>")
    .description("Show every problem of a workflow at once, with its place.")
    .option("--json", "print {valid, problems} as JSON")
    .option("--no-color", "no colours")
    .action(async (file: string, options: WorkflowOptions & { readonly json?: boolean }) => {
      const { validateCommand } = await import("./validate-command.ts");
      finish(await validateCommand(file, options, terminal));
    });
  addWorkflowOptions(validate).addHelpText(
    "after",
    examples("validate test.yaml", "validate test.yaml -e BASE_URL=http://localhost:3000 --json"),
  );

  const imports = program
    .command("import")
    .description("Write a workflow from what another tool has, and list what was left out and why.")
    .addArgument(program.createArgument("<format>", "what FILE is").choices(importFormatNames))
    .argument("<file>", "the file; - is stdin")
    .action(async (format: ImportFormat, file: string, options: ImportCommandOptions) => {
      const { importCommand } = await import("./import-command.ts");
      finish(await importCommand(format, file, options, terminal));
    });
  addImportOptions(imports).addHelpText(
    "after",
    examples(
      "import har shop.har -o shop.yaml --exclude '*.ads.test'",
      "import openapi petstore.yml --tag pets -o pets.yaml",
      "import curl - < requests.sh",
      "import k6 script.js -o script.yaml --json",
    ),
  );

  addMore?.(program, terminal, finish);

  program
    .command("demo-target")
    .description("Serve the built-in target, for tries on a cluster, until told to end.")
    .option("--address <[host]:port>", "where it is served", "127.0.0.1:8000")
    .addHelpText("after", examples("demo-target", "demo-target --address :8000"))
    .action(async (options: DemoTargetOptions) => {
      const { demoTargetCommand } = await import("./demo-target-command.ts");
      finish(await demoTargetCommand(options, terminal));
    });

  program
    .command("version")
    .description("Print the version and what it runs on.")
    .addHelpText("after", examples("version"))
    .action(async () => {
      const { describeVersion } = await import("./version.ts");
      terminal.print(`${describeVersion()}\n`);
      finish(0);
    });

  program
    .command("completion")
    .description("Print a completion script for a shell.")
    .addArgument(program.createArgument("<shell>", "the shell").choices(completionShells))
    .addHelpText(
      "after",
      examples(
        "completion bash >> ~/.bashrc",
        "completion zsh > ~/.zsh/completions/_workflow-engine",
        "completion fish > ~/.config/fish/completions/workflow-engine.fish",
      ),
    )
    .action(async (shell: (typeof completionShells)[number]) => {
      const { writeCompletion } = await import("./completion.ts");
      terminal.print(writeCompletion(shell, program));
      finish(0);
    });

  return program;
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ workflow-engine ${line}`).join("\n")}`;
}
