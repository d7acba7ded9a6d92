import { type Command, Option } from "commander";
import { type WrittenMode, writtenModes } from "../protocol/load.ts";
import type { LogLevel } from "../protocol/ports.ts";
import {
  type StageText,
  collectPairs,
  collectSecrets,
  collectStages,
  collectTexts,
  readCount,
  readDuration,
  readRate,
  readSeed,
  readSpans,
  readThreads,
} from "./option-values.ts";

/** What changes the workflow before it runs; `run` and `validate` share it. */
export interface WorkflowOptions {
  readonly vus?: number;
  readonly duration?: string;
  readonly iterations?: number;
  readonly stage?: readonly StageText[];
  readonly rate?: number;
  readonly mode?: WrittenMode;
  readonly env?: Readonly<Record<string, string>>;
  readonly envFile?: readonly string[];
  readonly secret?: Readonly<Record<string, string>>;
  readonly scenario?: string;
  readonly insecure?: boolean;
  readonly seed?: number;
  /** `TYPE=TARGET`. */
  readonly out?: readonly string[];
}

/** Where the report goes, and what is told meanwhile; `run` and `submit` share it. */
export interface ResultOptions {
  readonly outJson?: string;
  readonly report?: readonly string[];
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly logLevel: LogLevel;
}

/** The options of `run` as commander gives them. */
export interface RunOptions extends WorkflowOptions, ResultOptions {
  readonly demoTarget?: boolean;
  readonly debug?: boolean;
  readonly threads: number | "auto";
  readonly localIps?: readonly string[];
}

/** Adds the options that change a workflow. */
export function addWorkflowOptions(command: Command): Command {
  return command
    .option("-u, --vus <n>", "number of virtual users", readCount)
    .option("-d, --duration <time>", "how long the load lasts: 30s, 5m, 1h30m", readDuration)
    .option("-i, --iterations <n>", "how many iterations to run", readCount)
    .option("-s, --stage <time:target>", "a stage of a ramp, for example 30s:10; repeat it for more", collectStages)
    .option("--rate <n>", "iteration starts per time unit", readRate)
    .addOption(new Option("--mode <mode>", "load mode").choices(writtenModes))
    .option("-e, --env <key=value>", "a value for the workflow: ${KEY} and ${env.KEY}; repeatable", collectPairs)
    .option("--env-file <file>", "read KEY=VALUE lines from a file; repeatable", collectTexts)
    .option("--secret <key[=value]>", "a value shown nowhere: ${secret.KEY}", collectSecrets(process.env))
    .option("--seed <n>", "what random values follow from: the same seed gives the same ones", readSeed)
    .option("--scenario <name>", "run this scenario alone")
    .option("--insecure", "accept any TLS certificate");
}

/** Adds the options of `run`. */
export function addRunOptions(command: Command): Command {
  addStreamOption(addWorkflowOptions(command))
    .option("--demo-target", "start the built-in target; its address is ${env.DEMO_URL}")
    .option("--debug", "run one iteration and show every request, answer, variable and failed assertion")
    .option(
      "--local-ips <list>",
      "addresses of this machine to send from, spread over VUs: 10.0.0.5,10.0.0.0/28,10.0.0.5-10.0.0.9",
      readSpans,
    )
    .option("--threads <n>", "threads that make the load, or auto", readThreads, "auto");
  return addResultOptions(command);
}

/** Adds `-o`; `run` and `submit` share it. */
export function addStreamOption(command: Command): Command {
  return command.option(
    "-o, --out <type=target>",
    `stream metrics while it runs: json=FILE, csv=FILE, influxdb=URL, prometheus=URL, otlp=URL, webhook=URL; repeatable`,
    collectTexts,
  );
}

/** Adds the options that say where the report goes and what is told meanwhile. */
export function addResultOptions(command: Command): Command {
  return command
    .option("--out-json <file>", "write the report as JSON to a file")
    .option(
      "--report <format=file>",
      "write the report to a file: text, json, junit, markdown, csv or hdr=FILE; repeatable",
      collectTexts,
    )
    .option("-q, --quiet", "only problems and errors on stderr")
    .option("--json", "print the report as JSON, and nothing else, on stdout")
    .addOption(
      new Option("--log-level <level>", "what to log on stderr")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    )
    .option("--no-color", "no colours");
}
