import type { Readable, StepResult, VirtualUser, VuResource } from "../protocol/step.ts";
import { read } from "../protocol/step.ts";

/** How many places a VU has: fixed when the workflow is compiled. */
export interface VuSizes {
  readonly resources: number;
  readonly results: number;
  readonly defaults: number;
}

/** Which step failed, and how: for the message of a failed setup. */
export interface StepFailure {
  readonly stepId: string;
  readonly message: string;
}

/** The VirtualUser that flow makes; `vu` in expressions. Every VU that reaches a compiled step is one. */
export class FlowVu implements VirtualUser, Readable {
  readonly id: number;
  vuIteration = 0;
  iteration = 0;
  lagUs = -1;
  readonly signal: AbortSignal;
  readonly resources: (VuResource | undefined)[];
  readonly vuVariables = new Map<string, unknown>();
  readonly variables = new Map<string, unknown>();
  readonly results: (StepResult | undefined)[];
  response: StepResult | undefined = undefined;
  /** Values of the workflow's templated variables in the running iteration; undefined: not used yet. */
  readonly defaults: unknown[];
  latestFailure: StepFailure | null = null;

  constructor(id: number, signal: AbortSignal, sizes: VuSizes) {
    this.id = id;
    this.signal = signal;
    this.resources = Array.from<undefined>({ length: sizes.resources });
    this.results = Array.from<undefined>({ length: sizes.results });
    this.defaults = Array.from<undefined>({ length: sizes.defaults });
  }

  [read](key: string): unknown {
    if (key === "id") return this.id;
    return key === "iteration" ? this.vuIteration : undefined;
  }
}
