import type { ErrorDelta, ErrorSample } from "../protocol/frame.ts";
import type { Clock, Masker } from "../protocol/ports.ts";
import type { Recorder } from "./recorder.ts";

/** The message of the kind that takes what does not fit into the bound on kinds. */
export const otherMessages = "(other messages)";

const MAX_SAMPLE_BYTES = 1_024;
const MAX_MESSAGE = 500;

interface Kind {
  readonly code: string;
  readonly stepId: string;
  readonly message: string;
  count: number;
  firstSeen: number;
  lastSeen: number;
  /** Not sent yet. */
  sample: ErrorSample | null;
}

export interface ErrorCountsOptions {
  readonly maxKinds: number;
  readonly clock: Pick<Clock, "wall">;
  readonly masker: Masker;
}

/** Failures counted by code, step and message; beyond `maxKinds` by code and step only. */
export function createErrorCounts(options: ErrorCountsOptions): { add: Recorder["error"]; cut(): ErrorDelta[] } {
  const { maxKinds, clock, masker } = options;
  const kinds = new Map<string, Kind>();
  const encoder = new TextEncoder();
  const scratch = new Uint8Array(MAX_SAMPLE_BYTES);

  const mask = (sample: ErrorSample): ErrorSample => {
    const body = masker(sample.body);
    const { read } = encoder.encodeInto(body, scratch);
    return { time: sample.time, url: masker(sample.url), status: sample.status, body: body.slice(0, read) };
  };

  const findKind = (stepId: string, code: string, message: string, sample: (() => ErrorSample) | null): Kind => {
    const known = kinds.get(`${stepId}\n${code}\n${message}`);
    if (known !== undefined) return known;
    if (kinds.size >= maxKinds && message !== otherMessages) return findKind(stepId, code, otherMessages, sample);
    const kind: Kind = {
      code,
      stepId,
      message: masker(message).slice(0, MAX_MESSAGE),
      count: 0,
      firstSeen: 0,
      lastSeen: 0,
      sample: sample === null ? null : mask(sample()),
    };
    kinds.set(`${stepId}\n${code}\n${message}`, kind);
    return kind;
  };

  return {
    add(stepId, code, message, sample) {
      const kind = findKind(stepId, code, message, sample);
      const now = clock.wall();
      if (kind.count === 0) kind.firstSeen = now;
      kind.lastSeen = now;
      kind.count++;
    },
    cut() {
      const deltas: ErrorDelta[] = [];
      for (const kind of kinds.values()) {
        if (kind.count === 0) continue;
        const { code, stepId, message, count, firstSeen, lastSeen, sample } = kind;
        deltas.push({ code, stepId, message, count, firstSeen, lastSeen, sample });
        kind.count = 0;
        kind.sample = null;
      }
      return deltas;
    },
  };
}
