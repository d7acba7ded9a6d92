/** The load a scenario puts on the target: one member of this union per mode. All times are milliseconds. */
export type Load =
  | ConstantVus
  | RampingVus
  | PerVuIterations
  | SharedIterations
  | ConstantArrivalRate
  | RampingArrivalRate
  | ExternallyControlled;

export type LoadMode = Load["mode"];

/** A linear change to `target` (VUs, or starts per `timeUnitMs`) over `durationMs`; 0 is a jump. */
export interface Stage {
  readonly durationMs: number;
  readonly target: number;
}

export interface ConstantVus {
  readonly mode: "constant-vus";
  readonly vus: number;
  readonly durationMs: number;
  /** VUs start linearly over this time; 0: all at once. */
  readonly rampUpMs: number;
}

export interface RampingVus {
  readonly mode: "ramping-vus";
  readonly startVus: number;
  readonly stages: readonly Stage[];
  /** How long a VU that leaves may go on with its iteration. */
  readonly gracefulRampDownMs: number;
}

export interface PerVuIterations {
  readonly mode: "per-vu-iterations";
  readonly vus: number;
  /** For each VU. */
  readonly iterations: number;
  readonly maxDurationMs: number;
}

export interface SharedIterations {
  readonly mode: "shared-iterations";
  readonly vus: number;
  /** For all VUs together. */
  readonly iterations: number;
  readonly maxDurationMs: number;
}

export interface ConstantArrivalRate {
  readonly mode: "constant-arrival-rate";
  /** Iteration starts per `timeUnitMs`; may be fractional. */
  readonly rate: number;
  readonly timeUnitMs: number;
  readonly durationMs: number;
  readonly preAllocatedVus: number;
  readonly maxVus: number;
}

export interface RampingArrivalRate {
  readonly mode: "ramping-arrival-rate";
  readonly startRate: number;
  readonly timeUnitMs: number;
  /** Targets are rates per `timeUnitMs`. */
  readonly stages: readonly Stage[];
  readonly preAllocatedVus: number;
  readonly maxVus: number;
}

export interface ExternallyControlled {
  readonly mode: "externally-controlled";
  readonly vus: number;
  readonly maxVus: number;
  /** null: until stopped. */
  readonly durationMs: number | null;
}

/** Every mode of a load. */
const loadModes = [
  "constant-vus",
  "ramping-vus",
  "per-vu-iterations",
  "shared-iterations",
  "constant-arrival-rate",
  "ramping-arrival-rate",
  "externally-controlled",
] as const satisfies readonly LoadMode[];

/** Every mode, as the command line and the schema name them: `find-limit` steers a load of another mode. */
export const writtenModes = [...loadModes, "find-limit"] as const;

export type WrittenMode = (typeof writtenModes)[number];
