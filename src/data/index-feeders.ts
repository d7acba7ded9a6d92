import type { FilePaths } from "../protocol/named-file.ts";
import type { Feeder } from "../protocol/workflow.ts";
import { indexFile } from "./index-file.ts";
import type { RowIndex } from "./row-index.ts";

/**
 * The indexes of a workflow's feeders, in their order, one file after another; feeders that read a file in the same way
 * share one. Throws what `indexFile` throws.
 */
export async function indexFeeders(
  feeders: readonly Feeder[],
  files: FilePaths,
  signal?: AbortSignal,
): Promise<readonly RowIndex[]> {
  const known = new Map<string, RowIndex>();
  const indexes: RowIndex[] = [];
  for (const feeder of feeders) {
    const key = JSON.stringify([feeder.file, feeder.format, feeder.delimiter, feeder.encoding]);
    const index = known.get(key) ?? (await indexFile(feeder, files.get(feeder.file) ?? "", signal));
    known.set(key, index);
    indexes.push(index);
  }
  return indexes;
}
