import { type Command, InvalidArgumentError } from "commander";
import { defaults } from "../config/defaults.ts";
import { type ListenAddress, parseListenAddress } from "../config/listen-address.ts";
import type { ConfigurationFlag } from "../config/load-configuration.ts";
import { parsePairs } from "../config/read-environment.ts";
import { readFlags } from "./configure.ts";
import { addLogOptions } from "./log-options.ts";
import { readCount, readThreads } from "./option-values.ts";

/** The flags of `slave start`; those that are keys of the configuration too win over it, and are checked with it. */
export interface SlaveStartOptions {
  readonly config?: string;
  readonly id?: string;
  readonly type?: string;
  readonly address?: string;
  readonly master?: string;
  readonly maxVus?: number;
  readonly capabilities?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly threads?: number | "auto";
  readonly apiKey?: string;
  readonly apiKeyFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
}

export const defaultSlavePort = 9_091;
export const defaultMaxVus = 100;

const keys: Readonly<Record<Exclude<keyof SlaveStartOptions, "config">, string>> = {
  id: "slave.id",
  type: "slave.type",
  address: "slave.address",
  master: "slave.master_addr",
  maxVus: "slave.max_vus",
  capabilities: "slave.capabilities",
  labels: "slave.labels",
  threads: "slave.threads",
  apiKey: "slave.api_key",
  apiKeyFile: "slave.api_key_file",
  ca: "slave.tls.ca",
  cert: "slave.tls.cert",
  key: "slave.tls.key",
  logLevel: "logging.level",
  logFormat: "logging.format",
};

/** Adds them to a command. */
export function addSlaveStartOptions(command: Command): Command {
  const { slave } = defaults;
  command
    .option("--config <file>", "configuration file, YAML or JSON; flags win over the environment, which wins over it")
    .option("--id <id>", "the slave's name, unique in the cluster (default: the host's name and 4 letters)")
    .option("--type <type>", `slave type (default: ${slave.type})`)
    .option("--address <[host]:port>", `where it serves /health, /status and /metrics (default: :${defaultSlavePort})`)
    .option("--master <list>", `masters, with commas between (default: ${slave.master_addr})`)
    .option("--max-vus <n>", `VUs it takes at most (default: ${defaultMaxVus})`, readCount)
    .option(
      "--capabilities <list>",
      `what it can do, with commas between (default: ${slave.capabilities.join(",")})`,
      readNames,
    )
    .option("--labels <list>", "labels for selection: region=cn-east,zone=a", readLabels)
    .option("--threads <n|auto>", "worker threads of each execution (default: auto)", readThreads)
    .option("--api-key <key>", "key for the master (default: WE_API_KEY)")
    .option("--api-key-file <file>", "file with the key for the master")
    .option("--ca <file>", "certificates to trust, PEM")
    .option("--cert <file>", "certificate to show, PEM")
    .option("--key <file>", "its key, PEM");
  return addLogOptions(command);
}

/** The keys of the configuration that were given as flags. */
export function readSlaveFlags(options: SlaveStartOptions): readonly ConfigurationFlag[] {
  return readFlags(options, keys);
}

/** `host:port`, `:port` or `[::1]:port`. */
export function readAddress(text: string): ListenAddress {
  const address = parseListenAddress(text.replace(/^http:\/\/|\/$/g, ""));
  if (address === null) throw new InvalidArgumentError("It takes HOST:PORT or :PORT, for example :9091.");
  return address;
}

function readNames(text: string): readonly string[] {
  const names = [...new Set(text.split(",").map((name) => name.trim()))].filter((name) => name !== "");
  if (names.length === 0) throw new InvalidArgumentError("It names nothing; it takes NAME,NAME.");
  return names;
}

function readLabels(text: string): Readonly<Record<string, string>> {
  const labels = parsePairs(text);
  if (labels === null) throw new InvalidArgumentError("It takes KEY=VALUE,KEY=VALUE, each key once.");
  return labels;
}
