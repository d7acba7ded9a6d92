import type { Frame } from "../protocol/frame.ts";
import type { OutputSpec } from "../protocol/output.ts";
import type { ExecutionEvent, OutputState, Report, ReportOutput } from "../protocol/report.ts";
import { openStream, type PackedOutput, type StreamOptions } from "./output-stream.ts";

/** The live streams of one execution. What goes wrong with one is counted and told, and disturbs nothing else. */
export interface Outputs {
  /** A frame that was just applied to the snapshot. */
  note(source: string, frame: Frame): void;
  tell(event: ExecutionEvent): void;
  /** How each is doing, in the order of the specs. */
  describe(): readonly OutputState[];
  /** What another process needs to go on; plain data. */
  pack(): PackedOutputs;
  /** Ends without a word: another process goes on from what was packed. Idempotent. */
  leave(): Promise<void>;
  /** Sends what is left, for 10 s at most, and how it ended. Idempotent; never rejects. */
  close(report: Pick<Report, "status" | "passed" | "reason">): Promise<readonly ReportOutput[]>;
}

/** In the order of the specs. */
export type PackedOutputs = readonly PackedOutput[];

export interface OutputsOptions extends StreamOptions {
  readonly specs: readonly OutputSpec[];
  /** What an earlier process packed; null: none. */
  readonly packed?: PackedOutputs | null;
}

/** Opens the streams; what is measured until they are open waits in its intervals. */
export function openOutputs(options: OutputsOptions): Outputs {
  const streams = options.specs.map((spec, at) => openStream(spec, options.packed?.[at] ?? null, options));
  const close = async (report: Pick<Report, "status" | "passed" | "reason">): Promise<readonly ReportOutput[]> => {
    await Promise.all(streams.map((stream) => stream.close(report)));
    return streams.map((stream) => stream.account());
  };
  let closed: Promise<readonly ReportOutput[]> | null = null;
  return {
    note(source, frame) {
      for (const stream of streams) stream.note(source, frame);
    },
    tell(event) {
      for (const stream of streams) stream.tell({ ...event, event: event.type }, "event");
    },
    describe: () => streams.map((stream) => stream.describe()),
    pack: () => streams.map((stream) => stream.pack()),
    async leave() {
      await Promise.all(streams.map((stream) => stream.leave()));
    },
    close: (report) => (closed ??= close(report)),
  };
}
