import type { Configuration } from "../../src/config/configuration.ts";
import { loadConfiguration } from "../../src/config/load-configuration.ts";

/** What a file of this text means, without environment and flags. Throws with every problem. */
export function readConfiguration(text: string): Configuration {
  const file = { name: "test.yaml", text };
  const loaded = loadConfiguration({ file, environment: {}, flags: [], maxThreads: 8 });
  if ("problems" in loaded)
    throw new Error(loaded.problems.map(({ path, message }) => `${path}: ${message}`).join("\n"));
  return loaded.configuration;
}
