import type { Findings } from "../document/findings.ts";
import { asMs, asNumber, asObject, asText } from "../protocol/json-values.ts";
import type { Json } from "../protocol/json.ts";
import type { LimitSearch } from "../protocol/limit-search.ts";
import type { Load } from "../protocol/load.ts";
import type { Path } from "../protocol/step-spec.ts";
import type { Scenario, Threshold } from "../protocol/workflow.ts";
import { formatDuration, parsePercent } from "../quantity.ts";
import type { LoadFields } from "./overrides.ts";
import { readVus } from "./read-vus.ts";

/** A report holds them all. */
const mostLevels = 100;
/** What telling everybody and hearing of everybody's measurements takes at most, for each level. */
const levelLagMs = 5_000;

/** The search that checked fields of mode find-limit describe, and the load it begins with; null: what is wrong is reported. */
export function resolveLimit(
  fields: LoadFields,
  findings: Findings,
): { readonly load: Load; readonly limitSearch: LimitSearch } | null {
  const place = fields.pathOf("find_limit");
  const search = readSearch(asObject(fields.values["find_limit"]), place, findings);
  if (search === null) return null;
  const levels = countLevels(search);
  const steps = levels.rising + levels.halving;
  if (steps > mostLevels) {
    findings.report(place, `the search may take ${steps} levels, at most ${mostLevels}; give a larger \`factor\``);
    return null;
  }
  const { settleMs, holdMs, restMs } = search;
  const levelMs = settleMs + holdMs + levelLagMs;
  const longestMs = steps * levelMs + (levels.halving + 1) * (settleMs + restMs + levelLagMs);
  const mostMs = asMs(fields.values["max_duration"]) ?? longestMs;
  if (mostMs < settleMs + holdMs) {
    const least = formatDuration(settleMs + holdMs);
    findings.report(fields.pathOf("max_duration"), `a level alone takes ${least}; give more, or a shorter \`hold\``);
  }
  return { load: createLoad(search, Math.min(longestMs, mostMs), fields, findings), limitSearch: search };
}

function readSearch(given: ReturnType<typeof asObject>, place: Path, findings: Findings): LimitSearch | null {
  const [from, to] = [asNumber(given["from"]), asNumber(given["to"])];
  if (from === null || to === null) return null;
  const of = given["of"] === "vus" ? "vus" : "rate";
  const whole = (field: "from" | "to", value: number): void => {
    if (of === "vus" && !Number.isInteger(value))
      findings.report([...place, field], `\`${value}\` is not a whole number of VUs`);
  };
  whole("from", from);
  whole("to", to);
  if (to <= from)
    findings.report([...place, "to"], `\`to\` (${to}) is not above \`from\` (${from}): there is nothing to search`);
  const holdMs = asMs(given["hold"]) ?? 30_000;
  if (holdMs < 2_000) findings.report([...place, "hold"], "a level is judged by whole seconds; give at least `2s`");
  const tolerance = readTolerance(given["tolerance"], [...place, "tolerance"], findings);
  const settleMs = Math.max(1_000, holdMs / 4);
  if (to <= from || holdMs < 2_000 || tolerance === null) return null;
  return { of, from, to, factor: asNumber(given["factor"]) ?? 1.5, settleMs, holdMs, restMs: 3 * holdMs, tolerance };
}

function readTolerance(value: Json | undefined, place: Path, findings: Findings): number | null {
  if (value === undefined) return 0.05;
  const share = asNumber(value) ?? parsePercent(asText(value) ?? "");
  if (share !== null && share >= 0.001 && share <= 1) return share;
  findings.report(place, "a tolerance is from `0.1%` to `100%`");
  return null;
}

/** How many levels a search takes at most: up to the first that breaks, and between that and the one before. */
function countLevels({ from, to, factor, tolerance }: LimitSearch): { rising: number; halving: number } {
  // One more each for what rounding to whole numbers loses.
  const rising = Math.ceil(Math.log(to / from) / Math.log(factor)) + 2;
  const halving = Math.max(0, Math.ceil(Math.log2((factor - 1) / tolerance))) + 2;
  return { rising, halving };
}

function createLoad(search: LimitSearch, durationMs: number, fields: LoadFields, findings: Findings): Load {
  const { of, from, to } = search;
  if (of === "rate") {
    const vus = readVus(fields, to, 1_000, findings);
    return { mode: "constant-arrival-rate", rate: from, timeUnitMs: 1_000, durationMs, ...vus };
  }
  for (const field of ["pre_allocated_vus", "max_vus"]) {
    if (Object.hasOwn(fields.values, field))
      findings.report(fields.pathOf(field), `\`${field}\` is not used by a search of VUs: \`to\` is the most`, true);
  }
  return { mode: "externally-controlled", vus: from, maxVus: to, durationMs };
}

/**
 * What thresholds are where a scenario of those that run searches: each is looked at over a level, so that what it needs
 * is kept second by second.
 */
export function resolveSearched(
  thresholds: readonly Threshold[],
  scenarios: readonly Scenario[],
  drafts: readonly { readonly name: string; readonly load: LoadFields }[],
  findings: Findings,
): readonly Threshold[] {
  const searching = scenarios.filter(({ limitSearch }) => limitSearch !== null);
  const [first, second] = searching;
  if (first === undefined || first.limitSearch === null) return thresholds;
  const { holdMs } = first.limitSearch;
  const pathOf = ({ name }: Scenario): Path => drafts.find((draft) => draft.name === name)?.load.pathOf("mode") ?? [];
  if (second !== undefined)
    findings.report(pathOf(second), `${first.name} searches for its limit already; one scenario of a run may`);
  if (thresholds.length === 0)
    findings.report(pathOf(first), "a search for the limit needs a threshold that breaks; give `options.thresholds`");
  if (thresholds.some(({ abortOnFail }) => abortOnFail)) {
    const message = "`abort_on_fail` has no meaning in a search for the limit, which goes on below; remove it";
    findings.report(["options", "thresholds"], message);
  }
  return thresholds.map((threshold) => ({ ...threshold, windowMs: threshold.windowMs ?? holdMs }));
}
