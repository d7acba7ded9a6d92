import type { Command } from "commander";
import type { Connection } from "../client/connection.ts";
import { EngineError } from "../errors.ts";
import { readCertificates } from "./read-certificates.ts";
import { readSource } from "./read-source.ts";
import { rememberSecrets } from "./secret-memory.ts";

/** How every command speaks to a master. */
export interface ConnectionOptions {
  readonly apiKey?: string;
  readonly apiKeyFile?: string;
  /** PEM files. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecure?: boolean;
}

/** Adds them; `submit` has an `--insecure` of its own, which is this one too. */
export function addConnectionOptions(command: Command): Command {
  command
    .option("--api-key <key>", "key for the master; others see it in the list of processes (default: WE_API_KEY)")
    .option("--api-key-file <file>", "file with the key for the master")
    .option("--ca <file>", "whose certificates to trust, PEM (default: those of the system)")
    .option("--cert <file>", "certificate to show to the master, PEM")
    .option("--key <file>", "its key, PEM");
  if (command.options.some(({ long }) => long === "--insecure")) return command;
  return command.option("--insecure", "do not verify the master's certificate");
}

/** What they say, with the files read. Throws EngineError `invalid_usage`, `invalid_config`, `unreadable_file`. */
export function readConnection(options: ConnectionOptions, environment: NodeJS.ProcessEnv): Connection {
  const { ca, cert, key, insecure = false } = options;
  if ((cert === undefined) !== (key === undefined)) {
    throw new EngineError("invalid_usage", "a certificate and its key go together; give both --cert and --key");
  }
  const apiKey = readApiKey(options, environment);
  if (apiKey !== undefined) rememberSecrets({ apiKey });
  return {
    apiKey,
    ...readCertificates({ ca, cert, key }, (field) => `--${field}`),
    // Whoever names the authority wants it asked, whatever the targets of a submit are like.
    insecure: insecure && ca === undefined,
  };
}

function readApiKey({ apiKey, apiKeyFile }: ConnectionOptions, environment: NodeJS.ProcessEnv): string | undefined {
  if (apiKey !== undefined && apiKeyFile !== undefined) {
    throw new EngineError("invalid_usage", "the key is given in two ways; give one of --api-key and --api-key-file");
  }
  const named = apiKey ?? read(apiKeyFile)?.trim();
  const found = named ?? (environment.WE_API_KEY || undefined);
  if (found === undefined || /^[^\p{Cc}]{1,512}$/u.test(found)) return found;
  const where = apiKey !== undefined ? "--api-key" : apiKeyFile !== undefined ? apiKeyFile : "WE_API_KEY";
  throw new EngineError("invalid_usage", `${where} holds no key: it is one line of 1 to 512 characters`);
}

function read(file: string | undefined): string | undefined {
  return file === undefined ? undefined : readSource(file);
}
