import type { JsonObject } from "../protocol/json.ts";
import type { Load, LoadMode, Stage, WrittenMode } from "../protocol/load.ts";
import type { LimitSearch } from "../protocol/limit-search.ts";
import type { Path } from "../protocol/step-spec.ts";
import type { Findings } from "../document/findings.ts";
import { asList, asMs, asNumber, asObject } from "../protocol/json-values.ts";
import { loadFields, modeFields, usesField } from "./mode-fields.ts";
import { type LoadFields, modeOf } from "./overrides.ts";
import { readVus } from "./read-vus.ts";
import { resolveLimit } from "./resolve-limit.ts";

const defaultMaxDurationMs = 600_000;

/** What the load fields of a scenario come to. */
export interface ResolvedLoad {
  readonly load: Load;
  /** null: the mode is no search. */
  readonly limitSearch: LimitSearch | null;
}

/** The load that checked fields describe; null: they describe none, which is reported. `path`: where the fields stand. */
export function resolveLoad(fields: LoadFields, path: Path, findings: Findings): ResolvedLoad | null {
  const { values } = fields;
  const mode = modeOf(values);
  if (!Object.hasOwn(modeFields, mode)) return null;
  const unused = loadFields.filter((field) => Object.hasOwn(values, field) && !usesField(mode, field));
  for (const field of unused) {
    findings.report(
      fields.pathOf(field),
      `\`${field}\` is not used by mode ${mode}${explain(values)}; ${advise(mode, field)}`,
      true,
    );
  }
  const missing = modeFields[mode].needs.filter((field) => !Object.hasOwn(values, field));
  const place = Object.hasOwn(values, "mode") ? fields.pathOf("mode") : path;
  for (const field of missing) {
    if (!findings.isWrong([...path, field]))
      findings.report(place, `mode ${mode}${explain(values)} needs \`${field}\``);
  }
  if (unused.length > 0 || missing.length > 0) return null;
  if (mode === "find-limit") return resolveLimit(fields, findings);
  return { load: build(mode, values, fields, findings), limitSearch: null };
}

function explain(values: JsonObject): string {
  if (Object.hasOwn(values, "mode")) return "";
  const reason = ["rate", "start_rate", "stages", "iterations", "duration"].find((field) =>
    Object.hasOwn(values, field),
  );
  return reason === undefined
    ? " (what fields without a mode mean)"
    : ` (which \`${reason}\` without a \`mode\` means)`;
}

function advise(mode: WrittenMode, field: string): string {
  if (field === "vus" && mode === "ramping-vus") return "give `start_vus`, and the other counts as targets of `stages`";
  if (field === "vus") return "give `pre_allocated_vus` and `max_vus`";
  const { needs, takes } = modeFields[mode];
  return `it uses ${[...needs, ...takes].join(", ")}`;
}

function build(mode: LoadMode, values: JsonObject, fields: LoadFields, findings: Findings): Load {
  const number = (field: string, otherwise: number): number => asNumber(values[field]) ?? otherwise;
  const ms = (field: string, otherwise: number): number => asMs(values[field]) ?? otherwise;
  switch (mode) {
    case "constant-vus": {
      const load: Load = { mode, vus: number("vus", 1), durationMs: ms("duration", 0), rampUpMs: ms("ramp_up", 0) };
      if (load.rampUpMs > load.durationMs)
        findings.report(fields.pathOf("ramp_up"), "`ramp_up` is longer than `duration`; shorten it");
      return load;
    }
    case "ramping-vus": {
      const stages = readStages(fields, findings);
      stages.forEach(({ target }, index) => {
        if (!Number.isInteger(target))
          findings.report([...fields.pathOf("stages"), index, "target"], `\`${target}\` is not a whole number of VUs`);
      });
      return { mode, startVus: number("start_vus", 1), stages, gracefulRampDownMs: ms("graceful_ramp_down", 30_000) };
    }
    case "per-vu-iterations":
    case "shared-iterations":
      if (Object.hasOwn(values, "duration") && Object.hasOwn(values, "max_duration")) {
        findings.report(
          fields.pathOf("max_duration"),
          "`duration` and `max_duration` are both limits of the same time; keep one",
        );
      }
      return {
        mode,
        vus: number("vus", 1),
        iterations: number("iterations", 1),
        maxDurationMs: ms("duration", ms("max_duration", defaultMaxDurationMs)),
      };
    case "constant-arrival-rate": {
      const rate = number("rate", 1);
      const timeUnitMs = ms("time_unit", 1000);
      return { mode, rate, timeUnitMs, durationMs: ms("duration", 0), ...readVus(fields, rate, timeUnitMs, findings) };
    }
    case "ramping-arrival-rate": {
      const stages = readStages(fields, findings);
      const startRate = number("start_rate", 0);
      const timeUnitMs = ms("time_unit", 1000);
      const highest = stages.reduce((most, { target }) => Math.max(most, target), startRate);
      return { mode, startRate, timeUnitMs, stages, ...readVus(fields, highest, timeUnitMs, findings) };
    }
    case "externally-controlled": {
      const vus = number("vus", 1);
      const maxVus = number("max_vus", vus);
      if (maxVus < vus)
        findings.report(fields.pathOf("max_vus"), `\`max_vus\` (${maxVus}) is less than \`vus\` (${vus})`);
      return { mode, vus, maxVus, durationMs: asMs(values["duration"]) };
    }
    default:
      return mode satisfies never;
  }
}

function readStages(fields: LoadFields, findings: Findings): readonly Stage[] {
  const stages = asList(fields.values["stages"]).map((item): Stage => {
    const { duration, target } = asObject(item);
    return { durationMs: asMs(duration) ?? 0, target: asNumber(target) ?? 0 };
  });
  if (stages.every(({ durationMs }) => durationMs === 0) && !findings.isWrong(fields.pathOf("stages"))) {
    findings.report(fields.pathOf("stages"), "the stages take no time; give at least one a `duration` above 0");
  }
  return stages;
}
