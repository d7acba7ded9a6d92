import type { ListenAddress } from "../config/listen-address.ts";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { LogLevel } from "../protocol/ports.ts";
import { parseDuration } from "../quantity.ts";
import { readCount, readDuration } from "./option-values.ts";
import { readAddress } from "./slave-options.ts";

/** The flags of `master start`. */
export interface MasterStartOptions {
  readonly config?: string;
  readonly address: ListenAddress;
  readonly standalone?: boolean;
  /** ms. */
  readonly heartbeatTimeout: number;
  readonly maxExecutions: number;
  readonly maxSlaves: number;
  readonly store?: string;
  readonly dataDir?: string;
  readonly logLevel: LogLevel;
}

const leastTimeoutMs = 2_000;

/** Adds them to a command. */
export function addMasterStartOptions(command: Command): Command {
  return command
    .option("--config <file>", "configuration file (not in this version)")
    .addOption(
      new Option("--address <[host]:port>", "where the API is served")
        .argParser(readAddress)
        .default({ host: null, port: 8_080 }, ":8080"),
    )
    .option("--standalone", "a slave named local inside; no others are needed")
    .addOption(
      new Option("--heartbeat-timeout <time>", "a slave that is silent for so long is lost; at least 2s")
        .argParser(readTimeout)
        .default(30_000, "30s"),
    )
    .option("--max-executions <n>", "executions that run at once; more wait", readCount, 100)
    .option("--max-slaves <n>", "slaves that may join", readCount, 100)
    .option("--store <url>", "where executions are kept: memory: or sqlite:PATH (default: sqlite: in the data folder)")
    .option("--data-dir <folder>", "the data folder")
    .addOption(
      new Option("--log-level <level>", "what is logged").choices(["debug", "info", "warn", "error"]).default("info"),
    )
    .option("--no-color", "no colours");
}

function readTimeout(text: string): number {
  const ms = parseDuration(readDuration(text));
  if (ms === null || ms < leastTimeoutMs) throw new InvalidArgumentError("It takes a duration of at least 2s.");
  return ms;
}
