import { toJsonText } from "../../expression/text.ts";
import type { Failure, StepResult } from "../../protocol/step.ts";
import { read } from "../../protocol/step.ts";

/** What a script step gave: what it returned is its `output`. */
export class ScriptResult implements StepResult {
  readonly failure: Failure | null;
  readonly interrupted: boolean;
  readonly duration: number;
  readonly statusCode = 0;
  readonly target = "";
  readonly #output: unknown;

  constructor(failure: Failure | null, interrupted: boolean, duration: number, output: unknown) {
    this.failure = failure;
    this.interrupted = interrupted;
    this.duration = duration;
    this.#output = output;
  }

  /** A text as it is, anything else as JSON; empty: nothing was returned. */
  text(): string {
    if (this.#output === undefined) return "";
    return typeof this.#output === "string" ? this.#output : toJsonText(this.#output);
  }

  json(): unknown {
    return this.#output;
  }

  header(): readonly string[] {
    return [];
  }

  cookie(): undefined {
    return undefined;
  }

  [read](key: string): unknown {
    switch (key) {
      case "output":
        return this.#output ?? null;
      case "body":
        return this.text();
      case "status_code":
        return 0;
      case "headers":
        return {};
      case "duration":
        return this.duration;
      case "error_code":
        return this.failure === null ? 0 : this.failure.code;
      default:
        return undefined;
    }
  }
}
