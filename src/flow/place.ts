import type { Recorder, Tags, Trend } from "../measure/recorder.ts";
import type { Clock, Random } from "../protocol/ports.ts";
import type { Executor, Failure } from "../protocol/step.ts";
import type { Step } from "../protocol/workflow.ts";
import type { Languages } from "./extract/languages.ts";
import type { FlowVu } from "./flow-vu.ts";
import type { Outcome } from "./outcome.ts";
import type { Arrive } from "./rendezvous/meetings.ts";
import type { FlowType, References } from "./references.ts";
import type { Texts } from "./texts.ts";
import type { Turn } from "./turn.ts";
import type { Trace } from "../protocol/trace.ts";

/** What compiling a step needs to know: the thread's ports, and where in the workflow the step stands. */
export interface Place {
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly random: Random;
  /** Whoever may run long without waiting asks whether others are due. */
  readonly turn: Turn;
  /** By step type. */
  readonly executors: ReadonlyMap<string, Executor>;
  readonly compilers: StepCompilers;
  readonly references: References;
  readonly texts: Texts;
  readonly languages: Languages;
  /** Opens a place where VUs of the scenario meet; null: the steps belong to no scenario. */
  readonly meet: ((step: string, count: number | null) => Arrive) | null;
  /** null: nobody looks on. */
  readonly trace: Trace | null;
  /** Of the workflow, the scenario and the steps around. */
  readonly tags: Tags;
  /** `::outer::inner`; empty outside of groups. */
  readonly group: string;
}

/** Runs a list of steps one after the other; `deadline` is a `Clock.now()` that ends every one of them. */
export type RunSteps = (vu: FlowVu, deadline: number) => Outcome | Promise<Outcome>;

/** Compiles a list of steps; handed to the step types that have children. */
export type CompileSteps = (steps: readonly Step[], place: Place) => RunSteps;

/** The inside of a flow step. */
export interface FlowBody {
  /** A Failure is the step's own; an Outcome is its children's, whose failures are recorded already. */
  run(vu: FlowVu, deadline: number): Outcome | Failure | Promise<Outcome | Failure>;
  /** Get the time that each run takes. */
  readonly durations: readonly Trend[];
}

/** One row of the table of flow types. */
export interface StepCompiler extends FlowType {
  /** `tags` are those of the step's own series. */
  compile(step: Step, place: Place, tags: Tags, compileSteps: CompileSteps): FlowBody;
}

export type StepCompilers = Readonly<Record<string, StepCompiler>>;
