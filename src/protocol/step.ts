import type { Json, JsonObject } from "./json.ts";
import type { Inputs } from "./message.ts";
import type { FilePaths } from "./named-file.ts";
import type { Clock, Log, Permit, Random } from "./ports.ts";
import type { Step, Workflow } from "./workflow.ts";
import type { Trace } from "./trace.ts";

/** Key of the method by which expressions look into a value that is not plain data. User data has no symbol keys. */
export const read: unique symbol = Symbol("read");

/** A value that expressions may look into: `response.status_code` calls `response[read]("status_code")`. */
export interface Readable {
  /** undefined: there is no such name. */
  [read](key: string): unknown;
}

/** Why an operation failed. A failed operation is a result, never an exception. */
export interface Failure {
  /** k6's number (`1212`) or `http_503 assertion extract template script timeout`. */
  readonly code: string;
  /** For people: what happened and with what; no stack. */
  readonly message: string;
}

/**
 * What an operation gave. Readable under `<step_id>.` and `response.`:
 * `status_code body headers duration output error_code`. The source that assertions and extractions look at.
 */
export interface StepResult extends Readable {
  /** null: the operation succeeded by its own rule (an http status below 400 or in expect_status). */
  readonly failure: Failure | null;
  /** Cut short by a stop or a lost lease: measured, but the iteration neither passes nor fails. */
  readonly interrupted: boolean;
  /** Milliseconds. */
  readonly duration: number;
  /** 0 without an answer, and for step types that have none. */
  readonly statusCode: number;
  /** The body as text; empty when there is none or it was not kept. */
  text(): string;
  /** The body as JSON (for db: the rows); undefined when it is not JSON. Parsed once. */
  json(): unknown;
  /** All values of a header (lower-case name), in order. */
  header(name: string): readonly string[];
  /** The value of a cookie that the answer set, else the one the VU would send; undefined: none. */
  cookie(name: string): string | undefined;
  /** Where the operation went, for error samples: `GET http://…`; empty when it does not apply. */
  readonly target: string;
}

/**
 * What an executor keeps for one VU: connections, cookies, sessions. The branches of a `parallel` step share it, each
 * with an object of its own for the VU: keep no VirtualUser in it.
 */
export interface VuResource {
  /** A new iteration begins (setup of the VU is over). */
  beginIteration?(vu: VirtualUser): void;
  /** Frees everything; idempotent. */
  close(): void;
}

/** A virtual user as executors and flow see it. The loop and its scheduling live in `run`. */
export interface VirtualUser {
  /** From 1, unique in the cluster; 0 for setup and teardown. */
  readonly id: number;
  /** From 0: how many iterations this VU began before the running one. */
  vuIteration: number;
  /** Unique in the cluster; the global index in shared and arrival modes. */
  iteration: number;
  /**
   * How late the running iteration began behind its planned start, in µs, at least 0; -1 where iterations have no
   * planned start (every mode but the arrival rates). Corrected latency is measured latency plus this.
   */
  lagUs: number;
  /** Milliseconds of the running iteration that were think time of its steps: no duration holds them. */
  thoughtMs: number;
  /** Aborted when the running iteration must be cut short. One signal for the VU's life. */
  readonly signal: AbortSignal;
  /** One place per executor, at the executor's `slot`. */
  readonly resources: (VuResource | undefined)[];
  /** Variables that live as long as the VU. */
  readonly vuVariables: Map<string, unknown>;
  /** Variables of the running iteration. */
  readonly variables: Map<string, unknown>;
  /** Results of steps in the running iteration, at the place `flow` gave each step. */
  readonly results: (StepResult | undefined)[];
  /** The latest result; undefined before the first. */
  response: StepResult | undefined;
}

/** A compiled template or expression. Throws EngineError `template` for what a VU's data makes impossible. */
export type Evaluate<Value = unknown> = (vu: VirtualUser) => Value;

/** A compiled step of an executor. Resolves with a result for every outcome of the target; rejects only on an engine fault. */
export type Operation = (vu: VirtualUser, deadline: number) => StepResult | Promise<StepResult>;

/** What a whole executor gets once, on each thread. */
export interface ExecutorContext {
  readonly workflow: Workflow;
  readonly inputs: Inputs;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly permit: Permit;
  /** The epoch clock of the execution's owner minus `clock.wall()`, as measured by now, ms: the same time on all slaves. */
  readonly ownerOffsetMs: () => number;
  /** Where the files are that specs have asked for by `useFile`. */
  readonly files: FilePaths;
  /**
   * Databases and brokers by name, their texts filled in: the workflow's own, else what this slave knows. Their values
   * are secrets: never in a message.
   */
  readonly connections: Readonly<Record<string, JsonObject>>;
  /** Whether the workflow may name files of this machine: who wrote it runs it here. */
  readonly opensFiles: boolean;
  /** How many threads of this node run the workflow: they divide between them what is meant for a node. */
  readonly threads: number;
  /** null: nobody looks on. */
  readonly trace: Trace | null;
  /** The executor's place in `VirtualUser.resources`. */
  readonly slot: number;
  /** What several executors of the thread share, each thing under a symbol of who makes it. */
  readonly shared: Map<symbol, unknown>;
}

/** What an executor gets for each step it compiles. */
export interface StepContext {
  /** Tags of all series of the step: step, name, group, scenario and the user's. */
  readonly tags: Readonly<Record<string, string>>;
  /** What anything in the workflow reads of this step's result; what nobody reads is not kept. */
  readonly reads: { readonly body: boolean; readonly headers: boolean };
  /** Compiles a text with `${…}`; a text that is exactly one `${…}` keeps its value's type. */
  template(text: string): Evaluate;
  /** Compiles every text inside a JSON value; the result is a fresh value per call unless it is constant. */
  templateJson(value: Json): Evaluate;
  /** The constant value of a template without `${…}`, else undefined. */
  constant(text: string): string | undefined;
  /** Reads the variable of this name: undefined while it has no value. Throws EngineError `template` as templates do. */
  variable(name: string): Evaluate;
  /** The names of all variables that may have a value now. */
  variableNames(vu: VirtualUser): Iterable<string>;
}

/** What performs one step type. One per thread and execution. */
export interface Executor {
  /** Its results do not become `response`: it sets `VirtualUser.response` itself, if ever. Default: they do. */
  readonly keepsResponse?: true;
  /** Once per step, before the start. Throws EngineError `invalid_workflow` for what cannot be compiled. */
  compile(step: Step, context: StepContext): Operation;
  /** After all steps were compiled, before the start: loads what they may need, so that no module is loaded in the run. */
  prepare?(): Promise<void>;
  /** An iteration of this VU is over, however it ended: what belongs to it is freed. Waits for nothing. */
  endIteration?(vu: VirtualUser): void;
  /** Idempotent; waits until everything is freed. */
  close(): Promise<void>;
}
