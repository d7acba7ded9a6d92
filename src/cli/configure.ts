import { availableParallelism } from "node:os";
import type { Configuration } from "../config/configuration.ts";
import { type ConfigurationFlag, loadConfiguration } from "../config/load-configuration.ts";
import { EngineError } from "../errors.ts";
import type { Log } from "../protocol/ports.ts";
import { readSource } from "./read-source.ts";
import { formatProblem } from "./tell-error.ts";
import type { Terminal } from "./terminal.ts";

/** Gives the configuration as it is now: a file that has changed is read again. Throws as the first time. */
export type Configure = () => Configuration;

/**
 * Puts defaults, the file, the process's environment and flags together. What is doubtful is told on stderr. Throws
 * EngineError `invalid_config` with every problem, `unreadable_file`.
 */
export function createConfigure(
  file: string | undefined,
  flags: readonly ConfigurationFlag[],
  terminal: Terminal,
): Configure {
  return () => {
    const loaded = loadConfiguration({
      file: file === undefined ? null : { name: file, text: readSource(file) },
      environment: process.env,
      flags,
      maxThreads: 4 * availableParallelism(),
    });
    const name = file ?? "the configuration";
    if ("problems" in loaded) {
      const count = loaded.problems.filter(({ severity }) => severity !== "warning").length;
      const has = `${name} has ${count === 1 ? "a problem" : `${count} problems`}`;
      throw new EngineError("invalid_config", has, { problems: loaded.problems });
    }
    for (const warning of loaded.warnings) terminal.tell(formatProblem(warning, name, terminal.err));
    return loaded.configuration;
  };
}

/** Reads the configuration again and hands it over; what is wrong with it is logged, and the last one stays. */
export function takeConfiguration(configure: Configure, log: Log, take: (configuration: Configuration) => void): void {
  try {
    take(configure());
    log("info", "the configuration was read again");
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const problems = error.problems.map(
      ({ path, message, line }) => `${path}${line ? ` (line ${line})` : ""}: ${message}`,
    );
    log("error", `the configuration was not taken, the last one stays: ${[error.message, ...problems].join("; ")}`);
  }
}

/** The flags that were given, each with its key: `heartbeatTimeout` is `--heartbeat-timeout`. */
export function readFlags(options: object, keys: Readonly<Record<string, string>>): readonly ConfigurationFlag[] {
  const given = new Map<string, ConfigurationFlag["value"]>(Object.entries(options));
  return Object.entries(keys).flatMap(([name, key]) => {
    const value = given.get(name);
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === undefined ? [] : [{ key, flag, value }];
  });
}
