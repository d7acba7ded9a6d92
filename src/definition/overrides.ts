import type { Json, JsonObject } from "../protocol/json.ts";
import type { WrittenMode } from "../protocol/load.ts";
import type { Path } from "../protocol/step-spec.ts";
import { inferMode, loadFields, usesField } from "./mode-fields.ts";

/** What replaces parts of a scenario's load for one run; durations as in a file. */
export interface Overrides {
  readonly vus?: number;
  readonly duration?: string | number;
  readonly iterations?: number;
  readonly stages?: readonly { readonly duration: string | number; readonly target: number }[];
  readonly rate?: number;
  readonly mode?: string;
  /** Certificates are not verified anywhere. */
  readonly insecure?: boolean;
}

/** A scenario's load fields, and where each was written. */
export interface LoadFields {
  readonly values: JsonObject;
  pathOf(field: string): Path;
}

const flags: Readonly<Record<string, string>> = {
  mode: "--mode",
  vus: "--vus",
  duration: "--duration",
  iterations: "--iterations",
  stages: "--stage",
  rate: "--rate",
};

/** The load fields among the overrides, in the form of a file. */
export function listOverrides(overrides: Overrides): JsonObject {
  const given = Object.keys(flags).map((field) => [field, overrides[field as keyof Overrides]] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined)) as JsonObject;
}

/** The path that problems of an override have. */
export function pathOfOverride(field: string): Path {
  return [flags[field] ?? field];
}

/**
 * Puts overrides over a scenario's load fields. Where the present mode uses them all, they only replace; else they ask for
 * a mode of their own, and of the replaced mode's fields only those stay that the new one uses: VU counts, a duration for
 * a rate, and with an explicit mode everything.
 */
export function applyOverrides(fields: JsonObject, path: Path, overrides: JsonObject): LoadFields {
  const values = replaceFields(fields, withVuCounts(fields, overrides));
  return {
    values,
    pathOf: (field) => (Object.hasOwn(overrides, field) ? pathOfOverride(field) : [...path, field]),
  };
}

function replaceFields(fields: JsonObject, overrides: JsonObject): JsonObject {
  const present = modeOf(fields);
  const replaced = Object.keys(overrides).filter((field) => field !== "vus");
  if (replaced.every((field) => field !== "mode" && usesField(present, field))) {
    // A given duration is the limit; the file's other limit would contradict it.
    const { max_duration: limit, ...others } = fields;
    const kept = limit !== undefined && !Object.hasOwn(overrides, "duration") ? fields : others;
    return { ...kept, ...overrides };
  }
  const mode = modeOf(overrides);
  const explicit = Object.hasOwn(overrides, "mode");
  const kept = Object.entries(fields).filter(([field]) => {
    if (field === "mode") return false;
    if (!loadFields.includes(field)) return true;
    if (!usesField(mode, field)) return false;
    if (explicit) return true;
    return isVuCount(field) || (field === "duration" && Object.hasOwn(overrides, "rate"));
  });
  return { ...Object.fromEntries(kept), ...overrides };
}

function isVuCount(field: string): boolean {
  return field === "vus" || field === "start_vus" || field === "pre_allocated_vus" || field === "max_vus";
}

/** `vus` under the names that the resulting mode has for it. */
function withVuCounts(fields: JsonObject, overrides: JsonObject): JsonObject {
  const { vus, ...others } = overrides;
  if (vus === undefined) return overrides;
  const mode = modeOf(replaceFields(fields, others));
  if (usesField(mode, "vus"))
    return mode === "externally-controlled" && !atLeast(fields["max_vus"], vus)
      ? { ...overrides, max_vus: vus }
      : overrides;
  return usesField(mode, "start_vus")
    ? { ...others, start_vus: vus }
    : { ...others, pre_allocated_vus: vus, max_vus: vus };
}

function atLeast(value: Json | undefined, least: Json): boolean {
  return typeof value === "number" && typeof least === "number" && value >= least;
}

/** The mode that fields name, or ask for. */
export function modeOf(fields: JsonObject): WrittenMode {
  const mode = fields["mode"];
  return typeof mode === "string" ? (mode as WrittenMode) : inferMode((field) => Object.hasOwn(fields, field));
}
