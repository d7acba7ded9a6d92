import type { Row } from "../data/parse-row.ts";
import type { Random } from "../protocol/ports.ts";
import type { Readable, StepResult, VirtualUser, VuResource } from "../protocol/step.ts";
import { read } from "../protocol/step.ts";

/** How many places a VU has: fixed when the workflow is compiled. */
export interface VuSizes {
  readonly resources: number;
  readonly results: number;
  readonly defaults: number;
  readonly feeders: number;
}

/** Which step failed, and how: for the message of a failed setup. */
export interface StepFailure {
  readonly stepId: string;
  readonly message: string;
}

/** Where a `break` or `continue` goes. */
export interface Jump {
  /** The id of the loop step. */
  readonly loop: string;
  /** Does the loop go on with its next pass? */
  readonly again: boolean;
}

/** A VU's rows, by feeder, and its random draws where they follow from a seed. */
export interface VuFeed {
  /** The row it has; undefined: not used yet. */
  readonly rows: (Row | undefined)[];
  /** A unique row that is its own and not used yet; -1: none. */
  readonly claimed: number[];
  /** null: nothing was drawn in this iteration. */
  draw: Random | null;
  /** In an iteration, not in vu_setup. */
  begun: boolean;
}

/** The VirtualUser that flow makes; `vu` in expressions. Every VU that reaches a compiled step is one. */
export class FlowVu implements VirtualUser, Readable {
  readonly id: number;
  vuIteration = 0;
  iteration = 0;
  lagUs = -1;
  thoughtMs = 0;
  readonly signal: AbortSignal;
  /** Ends the steps and waits of this VU, or of this branch of it. */
  readonly halt: AbortSignal;
  readonly resources: (VuResource | undefined)[];
  vuVariables = new Map<string, unknown>();
  /** A called fragment has its own. */
  variables = new Map<string, unknown>();
  readonly results: (StepResult | undefined)[];
  response: StepResult | undefined = undefined;
  /** Values of the workflow's templated variables in the running iteration; undefined: not used yet. */
  readonly defaults: unknown[];
  /** `loop` in expressions: the innermost one that runs. */
  loop: Readable | undefined = undefined;
  /** Means something only beside an outcome that is leaving. */
  jump: Jump | null = null;
  latestFailure: StepFailure | null = null;
  /** A VU's branches have its rows in common. */
  readonly feed: VuFeed;

  constructor(
    id: number,
    signal: AbortSignal,
    halt: AbortSignal,
    resources: FlowVu["resources"],
    results: FlowVu["results"],
    defaults: unknown[],
    feed: VuFeed,
  ) {
    this.id = id;
    this.signal = signal;
    this.halt = halt;
    this.resources = resources;
    this.results = results;
    this.defaults = defaults;
    this.feed = feed;
  }

  static create(id: number, signal: AbortSignal, sizes: VuSizes): FlowVu {
    const places = (length: number): undefined[] => Array.from<undefined>({ length });
    const feed = {
      rows: places(sizes.feeders),
      claimed: Array.from({ length: sizes.feeders }, () => -1),
      draw: null,
      begun: false,
    };
    return new FlowVu(id, signal, signal, places(sizes.resources), places(sizes.results), places(sizes.defaults), feed);
  }

  [read](key: string): unknown {
    if (key === "id") return this.id;
    return key === "iteration" ? this.vuIteration : undefined;
  }
}
