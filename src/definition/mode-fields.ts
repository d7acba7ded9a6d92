import type { LoadMode, WrittenMode } from "../protocol/load.ts";

/** Which load fields each mode uses; the first list are those it cannot do without. */
export const modeFields: Readonly<
  Record<WrittenMode, { readonly needs: readonly string[]; readonly takes: readonly string[] }>
> = {
  "constant-vus": { needs: ["duration"], takes: ["vus", "ramp_up"] },
  "ramping-vus": { needs: ["stages"], takes: ["start_vus", "graceful_ramp_down"] },
  "per-vu-iterations": { needs: [], takes: ["vus", "iterations", "duration", "max_duration"] },
  "shared-iterations": { needs: ["iterations"], takes: ["vus", "duration", "max_duration"] },
  "constant-arrival-rate": { needs: ["rate", "duration"], takes: ["time_unit", "pre_allocated_vus", "max_vus"] },
  "ramping-arrival-rate": { needs: ["stages"], takes: ["start_rate", "time_unit", "pre_allocated_vus", "max_vus"] },
  "externally-controlled": { needs: [], takes: ["vus", "max_vus", "duration"] },
  "find-limit": { needs: ["find_limit"], takes: ["pre_allocated_vus", "max_vus", "max_duration"] },
};

/** Every field that belongs to one mode or another, `mode` apart. */
export const loadFields: readonly string[] = [
  ...new Set(Object.values(modeFields).flatMap(({ needs, takes }) => [...needs, ...takes])),
];

/** The mode that fields without a `mode` ask for. */
export function inferMode(has: (field: string) => boolean): LoadMode {
  if (has("rate")) return "constant-arrival-rate";
  if (has("stages")) return has("start_rate") ? "ramping-arrival-rate" : "ramping-vus";
  if (has("iterations")) return "shared-iterations";
  return has("duration") ? "constant-vus" : "per-vu-iterations";
}

/** Does this mode use this field? */
export function usesField(mode: WrittenMode, field: string): boolean {
  const { needs, takes } = modeFields[mode];
  return needs.includes(field) || takes.includes(field);
}
