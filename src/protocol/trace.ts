/** An answer, or why there is none, as it came over the wire. Times are milliseconds. */
export interface TracedAnswer {
  /** `GET http://…` where requests are under way side by side; empty: it is the answer to what was sent last. */
  readonly asked: string;
  /** 0: none came. */
  readonly status: number;
  /** Why none came; empty: one did. */
  readonly message: string;
  readonly proto: string;
  /** name, value, name, value …; names in lower case. */
  readonly headers: readonly string[];
  /** Content coding not removed. */
  readonly body: Uint8Array | null;
  readonly blocked: number;
  readonly connecting: number;
  readonly tlsHandshaking: number;
  readonly sending: number;
  readonly waiting: number;
  readonly receiving: number;
}

/** One thing that a VU did. Texts and bytes may hold secrets: whoever shows them masks them. */
export type TraceEvent =
  /** `part`: the scenario, or `setup` or `teardown`. */
  | { readonly type: "began"; readonly step: string; readonly stepType: string; readonly part: string }
  /** Its condition is false. */
  | { readonly type: "skipped"; readonly step: string; readonly condition: string }
  | { readonly type: "sent"; readonly url: string; readonly bytes: Uint8Array }
  | { readonly type: "answered"; readonly answer: TracedAnswer }
  /** What a step type that is not asked over HTTP gave. */
  | { readonly type: "gave"; readonly step: string; readonly target: string; readonly text: string }
  /** `problem`: why it does not hold, or nothing was found; null: it does. */
  | {
      readonly type: "looked";
      readonly step: string;
      readonly kind: "extract" | "assert" | "check";
      readonly name: string;
      readonly problem: string | null;
    }
  | { readonly type: "failed"; readonly step: string; readonly code: string; readonly message: string }
  /** `variables`: those that have another value since the step before ended. */
  | {
      readonly type: "ended";
      readonly step: string;
      readonly outcome: "passed" | "failed" | "interrupted";
      readonly durationMs: number;
      readonly variables: readonly (readonly [name: string, value: unknown])[];
    };

/** Hears everything that VUs do, one thing after the other. A load has none: compiled with none, steps cost nothing for it. */
export type Trace = (event: TraceEvent) => void;
