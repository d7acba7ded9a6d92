import type { Frame } from "../protocol/frame.ts";

/** What was measured in an interval: the part of a frame that merges. */
export type Measurements = Pick<Frame, "series" | "errors" | "overflow">;
