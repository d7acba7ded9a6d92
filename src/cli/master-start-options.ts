import { type Command, Option } from "commander";
import { defaults } from "../config/defaults.ts";
import type { ConfigurationFlag } from "../config/load-configuration.ts";
import { readFlags } from "./configure.ts";
import { addLogOptions } from "./log-options.ts";
import { readCount, readDuration } from "./option-values.ts";

/** The flags of `master start`; those that are keys of the configuration too win over it, and are checked with it. */
export interface MasterStartOptions {
  readonly config?: string;
  readonly standalone?: boolean;
  readonly address?: string;
  readonly heartbeatTimeout?: string;
  readonly maxExecutions?: number;
  readonly maxSlaves?: number;
  readonly store?: string;
  readonly dataDir?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
}

const keys: Readonly<Record<Exclude<keyof MasterStartOptions, "config" | "standalone">, string>> = {
  address: "server.address",
  heartbeatTimeout: "master.heartbeat_timeout",
  maxExecutions: "master.max_executions",
  maxSlaves: "master.max_slaves",
  store: "master.store",
  dataDir: "master.data_dir",
  logLevel: "logging.level",
  logFormat: "logging.format",
};

/** Adds them to a command. */
export function addMasterStartOptions(command: Command): Command {
  const { master, server } = defaults;
  command
    .option("--config <file>", "configuration file, YAML or JSON; flags win over the environment, which wins over it")
    .option("--address <[host]:port>", `where the API is served (default: ${server.address})`)
    .option("--standalone", "a slave named local inside; no others are needed")
    .addOption(
      new Option(
        "--heartbeat-timeout <time>",
        `a slave that is silent for so long is lost; at least 2s (default: ${master.heartbeat_timeout})`,
      ).argParser(readDuration),
    )
    .option(
      "--max-executions <n>",
      `executions that run at once; more wait (default: ${master.max_executions})`,
      readCount,
    )
    .option("--max-slaves <n>", `slaves that may join (default: ${master.max_slaves})`, readCount)
    .option("--store <url>", "where executions are kept: memory: or sqlite:PATH (default: sqlite: in the data folder)")
    .option("--data-dir <folder>", "the data folder");
  return addLogOptions(command);
}

/** The keys of the configuration that were given as flags. */
export function readMasterFlags(options: MasterStartOptions): readonly ConfigurationFlag[] {
  return readFlags(options, keys);
}
