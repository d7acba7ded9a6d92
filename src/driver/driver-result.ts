import type { Failure, StepResult } from "../protocol/step.ts";
import { read } from "../protocol/step.ts";
import type { DriverOutcome } from "./call-driver.ts";

/** What a step gives whose driver answers with data instead of an http answer: `output`, and the same as text and JSON. */
export interface DriverAnswer {
  /** Read as `<step_id>.output`. */
  readonly output: unknown;
  /** What assertions and extractions of type `json` look at. */
  readonly json: unknown;
  /** What those of type `body` and `regex` look at; made when first asked for. */
  text(): string;
  /** Lower-case name -> values, where the protocol knows headers. */
  readonly headers?: ReadonlyMap<string, readonly string[]>;
  /** Where the protocol knows a status. Default: 0. */
  readonly statusCode?: number;
}

const nothing: DriverAnswer = { output: null, json: undefined, text: () => "" };

/** The result of a driver's call. */
export class DriverResult implements StepResult {
  readonly failure: Failure | null;
  readonly interrupted: boolean;
  readonly duration: number;
  readonly statusCode: number;
  readonly target: string;
  readonly #answer: DriverAnswer;

  /** `target`: where it went, without secrets; `answer`: what it gave, null when it gave nothing. */
  constructor(outcome: DriverOutcome<unknown>, target: string, answer: DriverAnswer | null) {
    this.failure = outcome.kind === "failed" ? outcome.failure : null;
    this.interrupted = outcome.kind === "interrupted";
    this.duration = outcome.duration;
    this.statusCode = answer?.statusCode ?? 0;
    this.target = target;
    this.#answer = answer ?? nothing;
  }

  text(): string {
    return this.#answer.text();
  }

  json(): unknown {
    return this.#answer.json;
  }

  header(name: string): readonly string[] {
    return this.#answer.headers?.get(name) ?? [];
  }

  cookie(): undefined {
    return undefined;
  }

  [read](key: string): unknown {
    switch (key) {
      case "output":
        return this.#answer.output;
      case "body":
        return this.text();
      case "headers":
        return Object.fromEntries([...(this.#answer.headers ?? [])].map(([name, values]) => [name, values.join(", ")]));
      case "duration":
        return this.duration;
      case "status_code":
        return this.statusCode;
      case "error_code":
        return this.failure === null ? 0 : readCode(this.failure.code);
      default:
        return undefined;
    }
  }
}

/** k6's numbers as numbers, the others as text. */
function readCode(code: string): number | string {
  return /^\d+$/.test(code) ? Number(code) : code;
}
