import { mergeFrames } from "../measure/merge-frames.ts";
import type { Frame, HaltedVus } from "../protocol/frame.ts";
import { addTold } from "./told-iterations.ts";

/**
 * A source's frames until they are acknowledged, and some time longer: a store that lost power, or that came back from
 * a copy, may ask for them again. Bounded, whatever does not come back. What was sent never changes; of what was not,
 * neighbours become one when there are too many. So frames get their numbers when they are sent.
 */
export interface FrameBuffer {
  readonly limits: BufferLimits;
  /** Acknowledged, oldest first. */
  readonly kept: Frame[];
  /** All through this one are gone: the latest of those that are neither kept nor sent any more. null: none is. */
  gone: Pick<Frame, "number" | "second" | "testTimeMs" | "warmUp" | "generator"> | null;
  /** By scenario: iterations whose fate those told that are gone. */
  readonly goneTold: Map<string, number>;
  readonly goneHalted: HaltedVus[];
  /** Sent and not yet acknowledged, oldest first. */
  readonly sent: Frame[];
  /** Behind them. */
  unsent: Frame[];
  /** Number of the latest that was sent. */
  last: number;
  /** Its owner was told the number of the last frame: from now on each keeps its own. */
  told: boolean;
}

export interface BufferLimits {
  readonly kept: number;
  readonly sent: number;
  readonly unsent: number;
}

/** A minute in full resolution on the way, a minute or more behind it, and a minute that has arrived. */
const defaultLimits: BufferLimits = { kept: 60, sent: 60, unsent: 60 };

export function createFrameBuffer(limits: BufferLimits = defaultLimits): FrameBuffer {
  return {
    limits,
    kept: [],
    gone: null,
    goneTold: new Map(),
    goneHalted: [],
    sent: [],
    unsent: [],
    last: 0,
    told: false,
  };
}

/** Takes a frame; gives those that are to be sent now. */
export function addFrame(buffer: FrameBuffer, frame: Frame): readonly Frame[] {
  buffer.unsent.push(frame);
  const due = takeDue(buffer);
  if (buffer.unsent.length > buffer.limits.unsent && !buffer.told) buffer.unsent = mergeNeighbours(buffer.unsent);
  return due;
}

/** Takes what is durable out of the way; gives what may be sent now in its place. */
export function acknowledgeFrames(buffer: FrameBuffer, through: number): readonly Frame[] {
  const { kept, sent, limits, goneTold, goneHalted } = buffer;
  const waiting = sent.findIndex(({ number }) => number > through);
  kept.push(...sent.splice(0, waiting === -1 ? sent.length : waiting));
  for (const frame of kept.splice(0, Math.max(0, kept.length - limits.kept))) {
    addTold(goneTold, frame);
    goneHalted.push(...(frame.halted ?? []));
    const { number, second, testTimeMs, warmUp, generator } = frame;
    buffer.gone = { number, second, testTimeMs, warmUp, generator };
  }
  return takeDue(buffer);
}

/** All frames after a number; one stands for those that are gone. */
export function listAfter({ kept, sent, gone, goneTold, goneHalted }: FrameBuffer, after: number): readonly Frame[] {
  const known = [...kept, ...sent].filter(({ number }) => number > after);
  if (gone === null || gone.number <= after) return known;
  const gap = { after, told: Object.fromEntries(goneTold) };
  const halted = goneHalted.length === 0 ? {} : { halted: [...goneHalted] };
  return [{ ...gone, series: [], errors: [], vus: [], overflow: {}, ...halted, gap }, ...known];
}

/** The number that the last frame has, or will have. */
export function tellLast(buffer: FrameBuffer): number {
  buffer.told = true;
  return buffer.last + buffer.unsent.length;
}

/** Is everything acknowledged? */
export function isEmpty({ sent, unsent }: FrameBuffer): boolean {
  return sent.length + unsent.length === 0;
}

function takeDue(buffer: FrameBuffer): readonly Frame[] {
  const due = buffer.unsent
    .splice(0, Math.max(0, buffer.limits.sent - buffer.sent.length))
    .map((frame): Frame => ({ ...frame, number: ++buffer.last }));
  buffer.sent.push(...due);
  return due;
}

/** Half as many; warm-up stays apart from the rest. */
function mergeNeighbours(frames: readonly Frame[]): Frame[] {
  const merged: Frame[] = [];
  let open: Frame | null = null;
  for (const frame of frames) {
    if (open === null) open = frame;
    else if (open.warmUp === frame.warmUp) {
      merged.push(mergeFrames(open, frame));
      open = null;
    } else {
      merged.push(open);
      open = frame;
    }
  }
  return open === null ? merged : [...merged, open];
}
