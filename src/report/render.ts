import type { Report } from "../protocol/report.ts";

/** Turns a finished report into text. A pure function. */
export type Render = (report: Report, options: RenderOptions) => string;

export interface RenderOptions {
  readonly color: boolean;
  /** Columns of the terminal. */
  readonly width: number;
}
