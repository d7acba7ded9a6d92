import type { Json, JsonObject } from "../../protocol/json.ts";
import { asObject } from "../../protocol/json-values.ts";
import { parseDuration } from "../../quantity.ts";
import type { Draft } from "../draft.ts";

type Fits = (value: Json) => boolean;

const within =
  (low: number, high: number, whole: boolean): Fits =>
  (value) =>
    typeof value === "number" && value >= low && value <= high && (!whole || Number.isInteger(value));
const count = within(1, 1e7, true);
const isDuration = (value: Json | undefined): boolean =>
  (typeof value === "string" || typeof value === "number") && (parseDuration(value) ?? -1) >= 0;
const someTime: Fits = (value) => isDuration(value) && parseDuration(value as string) !== 0;
const stages: Fits = (value) =>
  Array.isArray(value) &&
  value.length > 0 &&
  (value as readonly Json[]).every((stage) => {
    const { duration, target, ...more } = asObject(stage);
    return isDuration(duration) && within(0, 1e7, false)(target ?? null) && Object.keys(more).length === 0;
  });

/** k6's fields of a load: what they are called here, and which values fit. */
const loadFields: Readonly<Record<string, { readonly to: string; readonly fits: Fits }>> = {
  vus: { to: "vus", fits: count },
  duration: { to: "duration", fits: someTime },
  iterations: { to: "iterations", fits: within(1, Number.MAX_SAFE_INTEGER, true) },
  stages: { to: "stages", fits: stages },
  executor: { to: "mode", fits: (value) => typeof value === "string" && Object.hasOwn(modes, value) },
  startVUs: { to: "start_vus", fits: within(0, 1e7, true) },
  gracefulStop: { to: "graceful_stop", fits: isDuration },
  gracefulRampDown: { to: "graceful_ramp_down", fits: isDuration },
  maxDuration: { to: "max_duration", fits: someTime },
  rate: { to: "rate", fits: within(Number.MIN_VALUE, 1e9, false) },
  timeUnit: { to: "time_unit", fits: someTime },
  preAllocatedVUs: { to: "pre_allocated_vus", fits: count },
  maxVUs: { to: "max_vus", fits: count },
  startRate: { to: "start_rate", fits: within(0, 1e9, false) },
  startTime: { to: "start_time", fits: isDuration },
  tags: {
    to: "tags",
    fits: (value) =>
      typeof value === "object" &&
      value !== null &&
      !Array.isArray(value) &&
      Object.values(value).every((each) => ["string", "number", "boolean"].includes(typeof each)),
  },
};

/** What each mode cannot do without, and what else it takes. */
const modes: Readonly<Record<string, { readonly needs: readonly string[]; readonly takes: readonly string[] }>> = {
  "constant-vus": { needs: ["duration"], takes: ["vus"] },
  "ramping-vus": { needs: ["stages"], takes: ["start_vus", "graceful_ramp_down"] },
  "per-vu-iterations": { needs: [], takes: ["vus", "iterations", "max_duration"] },
  "shared-iterations": { needs: ["iterations"], takes: ["vus", "max_duration"] },
  "constant-arrival-rate": { needs: ["rate", "duration"], takes: ["time_unit", "pre_allocated_vus", "max_vus"] },
  "ramping-arrival-rate": { needs: ["stages"], takes: ["start_rate", "time_unit", "pre_allocated_vus", "max_vus"] },
  "externally-controlled": { needs: [], takes: ["vus", "max_vus", "duration"] },
};
const always = new Set(["mode", "graceful_stop", "start_time", "tags"]);

/** Is it a field of a load? */
export function isLoadField(name: string): boolean {
  return Object.hasOwn(loadFields, name);
}

/** The load of a scenario, or of the options, by k6's fields; what does not fit is noted as left out. */
export function readLoad(given: JsonObject, where: string, draft: Draft): JsonObject {
  const load: Record<string, Json> = {};
  const leave = (name: string, why: string): void => draft.leaveOut(`${name} of the load`, where, why);
  for (const [name, value] of Object.entries(given)) {
    const field = Object.hasOwn(loadFields, name) ? loadFields[name] : undefined;
    if (field === undefined) continue;
    if (field.fits(value)) load[field.to] = value;
    else leave(name, `its value ${JSON.stringify(value).slice(0, 60)} does not fit`);
  }
  const mode = typeof load["mode"] === "string" ? load["mode"] : inferMode(load);
  const { needs = [], takes = [] } = Object.hasOwn(modes, mode) ? (modes[mode] ?? {}) : {};
  if (mode === "ramping-vus" && load["start_vus"] === undefined && typeof load["vus"] === "number")
    load["start_vus"] = load["vus"];
  if (mode === "shared-iterations") {
    load["iterations"] ??= 1;
    if (load["max_duration"] === undefined && load["duration"] !== undefined) load["max_duration"] = load["duration"];
  }
  const missing = needs.filter((name) => !Object.hasOwn(load, name));
  if (missing.length > 0) {
    leave(mode, `it has no ${missing.join(", ")}; one iteration is run`);
    return Object.fromEntries(Object.entries(load).filter(([name]) => name !== "mode" && always.has(name)));
  }
  const { vus, max_vus: most, pre_allocated_vus: ready } = load;
  const [least = 0, limit = Number.POSITIVE_INFINITY] = [ready ?? vus ?? 0, most ?? Number.POSITIVE_INFINITY].map(
    Number,
  );
  if (least > limit) delete load["max_vus"];
  return Object.fromEntries(
    Object.entries(load).filter(([name]) => always.has(name) || needs.includes(name) || takes.includes(name)),
  );
}

function inferMode(load: JsonObject): string {
  if (load["stages"] !== undefined) return "ramping-vus";
  if (load["iterations"] !== undefined) return "shared-iterations";
  return load["duration"] === undefined ? "per-vu-iterations" : "constant-vus";
}
