import { basename } from "node:path";
import type { Client } from "../client/client.ts";
import { suggest } from "../document/suggest.ts";
import { EngineError } from "../errors.ts";
import { isFileOutput, isOutputType, type OutputSpec, type OutputType, outputTypes } from "../protocol/output.ts";
import type { JsonObject } from "../protocol/json.ts";
import { receiveFile } from "./receive-file.ts";

/** Reads `-o TYPE=TARGET` as an output of the options. Throws EngineError `invalid_usage`. */
export function parseMetricStream(text: string): JsonObject {
  const cut = text.indexOf("=");
  const type = text.slice(0, Math.max(cut, 0));
  if (!isOutputType(type) || cut === text.length - 1) {
    // A target may hold a password.
    const shown = cut === -1 ? "what was given" : `\`${type}=…\``;
    throw new EngineError(
      "invalid_usage",
      `--out: ${shown} is no TYPE=TARGET with one of the types ${outputTypes.join(", ")}.${suggest(type, outputTypes)}`,
    );
  }
  return { type, url: text.slice(cut + 1) };
}

/** The files of `-o` by what a master calls them, with where they go here. */
export function listFetchedFiles(
  outputs: readonly string[],
): readonly { readonly name: string; readonly path: string }[] {
  return outputs.flatMap((output) => {
    const { type, url } = parseMetricStream(output) as { readonly type: OutputType; readonly url: string };
    return isFileOutput(type) ? [{ name: basename(url), path: url }] : [];
  });
}

/** Fetches what an execution wrote; every failure is given back, none stops the others. */
export async function fetchFiles(
  client: Client,
  id: string,
  files: ReturnType<typeof listFetchedFiles>,
): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (const { name, path } of files) {
    try {
      await receiveFile(path, 0o644, (into) => client.fetchFile(id, name, into));
    } catch (error) {
      failures.push(error);
    }
  }
  return failures;
}

/** The files among the outputs. */
export function listStreamFiles(outputs: readonly OutputSpec[]): readonly { readonly path: string }[] {
  return outputs.filter(({ type }) => isFileOutput(type)).map(({ target }) => ({ path: target }));
}
