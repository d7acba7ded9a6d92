import type { JsonObject } from "../protocol/json.ts";
import type { Feeds, Supply } from "../data/feeds.ts";
import type { Recorder } from "../measure/recorder.ts";
import type { Inputs } from "../protocol/message.ts";
import type { FilePaths } from "../protocol/named-file.ts";
import type { Clock, Log, Masker, Permit, Random } from "../protocol/ports.ts";
import type { SharedValues } from "../protocol/report.ts";
import type { VirtualUser } from "../protocol/step.ts";
import type { Trace } from "../protocol/trace.ts";
import type { Workflow } from "../protocol/workflow.ts";
import type { Meetings } from "./rendezvous/meetings.ts";

/** What `compileWorkflow` gets; one per thread. */
export interface FlowContext {
  readonly workflow: Workflow;
  readonly inputs: Inputs;
  readonly slaveId: string;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly permit: Permit;
  /** The epoch clock of the execution's owner minus `clock.wall()`, as measured by now, ms. Absent: 0. */
  readonly ownerOffsetMs?: () => number;
  /** Where this machine has the files of the workflow. */
  readonly files: FilePaths;
  /** The rows of the workflow's feeders. */
  readonly feeds: Feeds;
  /** Where VUs wait for each other. */
  readonly meetings: Meetings;
  readonly masker: Masker;
  /** Databases and brokers that this slave knows by name; a workflow's own win over them. */
  readonly connections: Readonly<Record<string, JsonObject>>;
  /** Whether the workflow may name files of this machine. */
  readonly opensFiles: boolean;
  /** How many threads of this node run the workflow. */
  readonly threads: number;
  /** Absent: nobody looks on. */
  readonly trace?: Trace | undefined;
}

/** A workflow as functions: nothing of its text is looked at again while it runs. */
export interface CompiledWorkflow {
  /** In the workflow's order. */
  readonly scenarios: readonly CompiledScenario[];
  /** A VU for setup and teardown, id 0. */
  createSharedVu(signal: AbortSignal): VirtualUser;
  /**
   * Runs the setup steps, frees the VU's resources and gives the variables they set; what is read of their results
   * stands under `steps`. Throws EngineError `setup_failed`, also when interrupted and for more than 1 MiB of values.
   */
  setup(vu: VirtualUser): Promise<SharedValues>;
  /** Makes the setup's values readable for every VU from now on. */
  share(values: SharedValues): void;
  /** Runs the teardown steps and frees the VU's resources. Throws EngineError `teardown_failed`. */
  teardown(vu: VirtualUser): Promise<void>;
  /** Idempotent; frees all executors. */
  close(): Promise<void>;
}

export interface CompiledScenario {
  createVu(id: number, signal: AbortSignal): VirtualUser;
  /** false: a step of vu_setup failed (already recorded). */
  vuSetup(vu: VirtualUser): Promise<boolean>;
  /**
   * One iteration with its hooks, without a promise where nothing was waited for. The caller has set `vuIteration` and
   * `iteration`. Fails only for an engine fault.
   */
  iteration(vu: VirtualUser): IterationOutcome | Promise<IterationOutcome>;
  vuTeardown(vu: VirtualUser): Promise<void>;
  /** The pause after an iteration in milliseconds, drawn anew by each call (`Scenario.thinkTime`); null: none. The VU loop waits. */
  readonly drawThinkTime: ((vu: VirtualUser) => number) | null;
  /** Whether the VU can begin the iteration whose number it has, as far as rows go; null: it always can. */
  readonly supply: ((vu: VirtualUser) => Supply) | null;
  /** The same for the VU as a whole, before its first iteration. */
  readonly supplyVu: ((vu: VirtualUser) => Supply) | null;
  /** Frees a VU's resources; idempotent. */
  closeVu(vu: VirtualUser): void;
}

/** `interrupted`: cut short by a stop; counted neither as passed nor as failed. */
export type IterationOutcome = "passed" | "failed" | "interrupted";
