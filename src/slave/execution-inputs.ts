import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { EngineError } from "../errors.ts";
import type { FilePaths, NamedFile } from "../protocol/named-file.ts";
import type { Clock } from "../protocol/ports.ts";
import type { ShareRun } from "../run/share-run.ts";

/** A file that a submit brought. */
type SentFile = NamedFile & { readonly hash: string };

/** Where a slave gets the files of its executions. */
export interface InputSource {
  /** Puts the file at this path; its bytes are checked. Rejects with EngineError `start_failed` once the signal is aborted. */
  fetch(executionId: string, file: SentFile, to: string, signal: AbortSignal): Promise<void>;
}

/** The files of one execution on this slave: a folder that is there as long as its run. */
export interface ExecutionInputs {
  /** Where they will be once the run is prepared. Only what a submit brought: no path of this machine. */
  readonly paths: FilePaths;
  /** The run, which fetches them before it prepares and removes them when it is closed. */
  guard(run: ShareRun): ShareRun;
}

/** How many are fetched at a time. */
const atOnce = 4;

export interface InputsOptions {
  /** A folder of this process alone, made when the first file comes. */
  readonly room: string;
  readonly source: InputSource;
  readonly clock: Clock;
  /** What has not come so long after the order to prepare does not come, ms. */
  readonly limitMs: number;
}

/** The files that an execution's submit brought; none is there yet. */
export function createExecutionInputs(
  executionId: string,
  files: readonly NamedFile[],
  { room, source, clock, limitMs }: InputsOptions,
): ExecutionInputs {
  const folder = join(room, randomUUID());
  const sent = files.filter((file): file is SentFile => file.hash !== null);
  const stop = new AbortController();

  const fetchAll = async (): Promise<void> => {
    if (sent.length < files.length) throw new EngineError("start_failed", "the workflow's files did not come with it");
    mkdirSync(room, { recursive: true, mode: 0o700 });
    await mkdir(folder, { mode: 0o700 });
    const waiting = [...new Map(sent.map((file) => [file.hash, file])).values()];
    const work = Array.from({ length: atOnce }, async () => {
      for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
        await source.fetch(executionId, file, join(folder, file.hash), stop.signal);
      }
    });
    await Promise.all(work);
  };
  const fetchInTime = async (): Promise<void> => {
    const alarm = clock.at(clock.now() + limitMs, () => stop.abort());
    try {
      await fetchAll();
    } finally {
      alarm.cancel();
    }
  };

  return {
    paths: new Map(sent.map(({ name, hash }) => [name, join(folder, hash)])),
    guard: (run) => {
      if (files.length === 0) return run;
      let fetching: Promise<void> = Promise.resolve();
      return {
        ...run,
        async prepare() {
          fetching = fetchInTime();
          await fetching;
          return run.prepare();
        },
        async close() {
          stop.abort();
          // Told by prepare().
          await fetching.catch(() => undefined);
          const last = await run.close();
          await rm(folder, { recursive: true, force: true });
          return last;
        },
      };
    },
  };
}
