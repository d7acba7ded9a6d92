import { type Command, InvalidArgumentError, Option } from "commander";
import { type ListenAddress, parseListenAddress } from "../config/listen-address.ts";
import { readCount, readThreads } from "./option-values.ts";

/** The flags of `slave start`. */
export interface SlaveStartOptions {
  readonly config?: string;
  readonly id?: string;
  readonly type: string;
  /** null: the default, which may move to a free port. */
  readonly address?: ListenAddress;
  readonly master?: string;
  readonly maxVus: number;
  readonly capabilities: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly threads: number | "auto";
  readonly apiKey?: string;
  readonly apiKeyFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

export const defaultSlavePort = 9_091;

/** Adds them to a command. */
export function addSlaveStartOptions(command: Command): Command {
  return command
    .option("--config <file>", "configuration file (not in this version)")
    .option("--id <id>", "the slave's name, unique in the cluster (default: the host's name and 4 letters)", readId)
    .option("--type <type>", "slave type: worker", "worker")
    .option("--address <[host]:port>", "where it serves /health, /status and /metrics (default: :9091)", readAddress)
    .option("--master <list>", "masters, with commas between (default: WE_MASTER_URL, else http://localhost:8080)")
    .option("--max-vus <n>", "VUs it takes at most", readCount, 100)
    .addOption(
      new Option("--capabilities <list>", "what it can do, with commas between")
        .argParser(readNames)
        .default(["http_executor", "script_executor"], "http_executor,script_executor"),
    )
    .addOption(
      new Option("--labels <list>", "labels for selection: region=cn-east,zone=a")
        .argParser(readLabels)
        .default({}, "none"),
    )
    .option("--threads <n|auto>", "worker threads of each execution", readThreads, "auto")
    .option("--api-key <key>", "key for the master (default: WE_API_KEY)")
    .option("--api-key-file <file>", "file with the key for the master")
    .option("--ca <file>", "certificates to trust, PEM")
    .option("--cert <file>", "certificate to show, PEM")
    .option("--key <file>", "its key, PEM")
    .addOption(
      new Option("--log-level <level>", "what is logged").choices(["debug", "info", "warn", "error"]).default("info"),
    )
    .option("--no-color", "no colours");
}

function readId(text: string): string {
  if (!/^[\p{L}\p{N}_.-]{1,64}$/u.test(text)) {
    throw new InvalidArgumentError("An id is letters, digits, dots, _ and -, at most 64.");
  }
  return text;
}

/** `host:port`, `:port` or `[::1]:port`. */
export function readAddress(text: string): ListenAddress {
  const address = parseListenAddress(text);
  if (address === null) throw new InvalidArgumentError("It takes HOST:PORT or :PORT, for example :9091.");
  return address;
}

function readNames(text: string): readonly string[] {
  return [...new Set(text.split(",").map((name) => name.trim()))].filter((name) => name !== "");
}

function readLabels(text: string): Record<string, string> {
  const pairs = text.split(",").filter((part) => part.trim() !== "");
  return Object.fromEntries(
    pairs.map((part) => {
      const cut = part.indexOf("=");
      const key = part.slice(0, Math.max(0, cut)).trim();
      if (key === "" || key === "__proto__") throw new InvalidArgumentError("It takes KEY=VALUE,KEY=VALUE.");
      return [key, part.slice(cut + 1).trim()];
    }),
  );
}
