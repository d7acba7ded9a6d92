import type { MetricContents } from "../measure/catalog.ts";
import type { Total } from "../measure/totals.ts";
import type { OutputSpec } from "../protocol/output.ts";

/** A series over an interval, or from the start to now. */
export interface OutputPoint {
  readonly metric: string;
  readonly contains: MetricContents;
  readonly tags: Readonly<Record<string, string>>;
  /** Epoch ms: where the interval begins; of a sum from the start: now. */
  readonly timeMs: number;
  /** Not to be kept: it may go on changing. */
  readonly total: Total;
  /** 0; or it adds to an interval that was told before, for the n-th time. */
  readonly late: number;
}

/** What happened to the execution, for those who are told. */
export interface OutputEvent {
  readonly type: string;
  readonly time: string;
  readonly [field: string]: unknown;
}

/** What an output says of the execution that it is of. */
export interface OutputContext {
  readonly executionId: string;
  readonly workflowId: string;
  readonly workflowName: string;
  readonly intervalMs: number;
  /** Epoch ms of the start instant. */
  startedAt(): number;
}

/** One kind of stream, open. */
export interface Output {
  /** What its points are: each interval apart, or sums from the start. */
  readonly measures: "intervals" | "totals";
  /** At most `pointsPerChunk` of them as what is sent at once. */
  encode(points: readonly OutputPoint[]): Uint8Array;
  /** Absent: it is not told. */
  encodeEvent?(event: OutputEvent): Uint8Array;
  /** Sends it. Throws DeliveryError, or what else kept it from being sent, which may be tried again. */
  send(body: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Of a file: how many bytes are written. */
  position?(): number;
  /** Idempotent. */
  close(): Promise<void>;
}

/** What every kind opens from. Secrets are filled in. */
export interface OutputSetup {
  readonly spec: OutputSpec;
  readonly context: OutputContext;
  /** Why nothing may be sent to a host, by its name (address empty) or its address; null: it may. */
  refuses(host: string, address: string): string | null;
  /** Of a file that another process began: what it had written that counts. null: it begins anew. */
  readonly position: number | null;
}

export type OpenOutput = (setup: OutputSetup) => Promise<Output>;

/** It was refused, and will be again; or comes later. */
export class DeliveryError extends Error {
  /** null: never again. Else not before so many ms. */
  readonly retryAfterMs: number | null;

  constructor(message: string, retryAfterMs: number | null) {
    super(message);
    this.name = "DeliveryError";
    this.retryAfterMs = retryAfterMs;
  }
}
