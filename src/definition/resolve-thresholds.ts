import { builtInMetrics, lookupMetric } from "../measure/catalog.ts";
import { expandShortThreshold, parseThreshold } from "../measure/threshold.ts";
import type { Json, JsonObject } from "../protocol/json.ts";
import type { Path } from "../protocol/step-spec.ts";
import type { MetricType, Threshold } from "../protocol/workflow.ts";
import type { Findings } from "../document/findings.ts";
import { asList, asMs, asObject, asText } from "../protocol/json-values.ts";
import { suggest } from "../document/suggest.ts";

/** A threshold as written, in whichever form. */
interface Written {
  readonly metric: string;
  readonly condition: string;
  readonly fields: JsonObject;
  readonly metricPath: Path;
  readonly conditionPath: Path;
}

/** What thresholds may name. */
export interface ThresholdNames {
  readonly metrics: Readonly<Record<string, MetricType>>;
  readonly steps: ReadonlySet<string>;
  readonly scenarios: ReadonlySet<string>;
  /** What runs alone: a scenario, and the ids of its steps and of those that every scenario shares; null: everything. */
  readonly chosen: { readonly scenario: string; readonly steps: ReadonlySet<string> } | null;
}

/**
 * Checked `options.thresholds`: a list, or k6's map of metrics to conditions. Where one scenario runs alone, those that
 * only others can meet are left out with a warning.
 */
export function resolveThresholds(
  value: Json | undefined,
  path: Path,
  names: ThresholdNames,
  findings: Findings,
): Threshold[] {
  const { metrics, steps: stepIds, scenarios, chosen } = names;
  return listWritten(value, path).flatMap((written): Threshold[] => {
    const { metric, condition } = expandShortThreshold(written.metric, written.condition, stepIds);
    const parsed = parseThreshold(metric, condition, (name) => lookupMetric(name, metrics)?.type);
    if ("problem" in parsed) {
      const { field, message } = parsed.problem;
      if (field === "metric")
        findings.report(written.metricPath, explainMetric(written.metric, message, metrics, stepIds));
      else findings.report(written.conditionPath, message);
    } else {
      const { step, scenario } = parsed.threshold.tags;
      checkTag("step", step, written, stepIds, findings);
      checkTag("scenario", scenario, written, scenarios, findings);
      const elsewhere = chosen === null ? null : findElsewhere(parsed.threshold.tags, chosen);
      if (elsewhere !== null) {
        findings.warn(written.metricPath, `the threshold \`${written.metric}\` is left out: ${elsewhere} is not run`);
        return [];
      }
    }
    const { fields } = written;
    return [
      {
        metric,
        condition,
        abortOnFail: (fields["abort_on_fail"] ?? fields["abortOnFail"]) === true,
        delayMs: asMs(fields["delay"] ?? fields["delayAbortEval"]) ?? 0,
        windowMs: asMs(fields["window"]),
        noData: fields["no_data"] === "pass" ? "pass" : "fail",
      },
    ];
  });
}

/** What a threshold is about that a scenario alone does not run; null: nothing. */
function findElsewhere(
  { step, scenario }: Readonly<Record<string, string>>,
  chosen: NonNullable<ThresholdNames["chosen"]>,
): string | null {
  if (scenario !== undefined && scenario !== chosen.scenario) return `the scenario \`${scenario}\``;
  return step !== undefined && !chosen.steps.has(step) ? `the step \`${step}\`` : null;
}

function checkTag(
  tag: "step" | "scenario",
  value: string | undefined,
  written: Written,
  known: ReadonlySet<string>,
  findings: Findings,
): void {
  if (value === undefined || known.has(value)) return;
  findings.report(
    written.metricPath,
    `the threshold \`${written.metric}\` names the ${tag} \`${value}\`, which does not exist.${suggest(value, known)}`,
  );
}

function explainMetric(
  written: string,
  message: string,
  metrics: Readonly<Record<string, MetricType>>,
  stepIds: ReadonlySet<string>,
): string {
  const [name = ""] = written.split("{");
  const short = /^(.*)\.(failure_rate|duration\.[a-z]+[\d_.]*)$/.exec(name.trim());
  if (short !== null) {
    const step = short[1] ?? "";
    return `\`${name.trim()}\` names the step \`${step}\`, which does not exist.${suggest(step, stepIds)}`;
  }
  const near = suggest(name.trim(), [...builtInMetrics.map((metric) => metric.name), ...Object.keys(metrics)]);
  return near === "" ? message : `${message}.${near}`;
}

function listWritten(value: Json | undefined, path: Path): Written[] {
  if (Array.isArray(value)) {
    return asList(value).map((item, index) => {
      const fields = asObject(item);
      const at = [...path, index];
      return { ...readTexts(fields), fields, metricPath: [...at, "metric"], conditionPath: [...at, "condition"] };
    });
  }
  return Object.entries(asObject(value)).flatMap(([metric, given]): Written[] => {
    const single = !Array.isArray(given);
    return (single ? [given] : asList(given)).map((item, index): Written => {
      const conditionPath = single ? [...path, metric] : [...path, metric, index];
      if (typeof item === "string")
        return { metric, condition: item, fields: {}, metricPath: [...path, metric], conditionPath };
      const fields = asObject(item);
      return { metric, condition: readTexts(fields).condition, fields, metricPath: [...path, metric], conditionPath };
    });
  });
}

function readTexts(fields: JsonObject): { readonly metric: string; readonly condition: string } {
  return {
    metric: asText(fields["metric"]) ?? "",
    condition: asText(fields["condition"] ?? fields["threshold"]) ?? "",
  };
}
