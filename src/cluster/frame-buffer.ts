import { mergeFrames } from "../measure/merge-frames.ts";
import type { Frame } from "../protocol/frame.ts";

/**
 * A source's frames until they are acknowledged: bounded, whatever does not come back. What was sent never changes; of
 * what was not, neighbours become one when there are too many. So frames get their numbers when they are sent.
 */
export interface FrameBuffer {
  readonly limits: BufferLimits;
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
  readonly sent: number;
  readonly unsent: number;
}

/** A minute in full resolution on the way, and a minute or more behind it. */
const defaultLimits: BufferLimits = { sent: 60, unsent: 60 };

export function createFrameBuffer(limits: BufferLimits = defaultLimits): FrameBuffer {
  return { limits, sent: [], unsent: [], last: 0, told: false };
}

/** Takes a frame; gives those that are to be sent now. */
export function addFrame(buffer: FrameBuffer, frame: Frame): readonly Frame[] {
  buffer.unsent.push(frame);
  const due = takeDue(buffer);
  if (buffer.unsent.length > buffer.limits.unsent && !buffer.told) buffer.unsent = mergeNeighbours(buffer.unsent);
  return due;
}

/** Forgets what is durable; gives what may be sent now in its place. */
export function acknowledgeFrames(buffer: FrameBuffer, through: number): readonly Frame[] {
  const kept = buffer.sent.findIndex(({ number }) => number > through);
  buffer.sent.splice(0, kept === -1 ? buffer.sent.length : kept);
  return takeDue(buffer);
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
