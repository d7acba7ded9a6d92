import type { Findings } from "../document/findings.ts";
import type { Json, JsonObject } from "../protocol/json.ts";
import { asMs, asObject, asText, asTexts } from "../protocol/json-values.ts";
import { isFileOutput, isOutputType, maskTarget, type OutputSpec, refuseTarget } from "../protocol/output.ts";

const path = ["options", "outputs"] as const;

/** The live streams that the options ask for; what is wrong with them is reported. */
export function resolveOutputs(options: JsonObject, findings: Findings): OutputSpec[] {
  const files = new Set<string>();
  return listWritten(options).flatMap((written, at) => {
    const { type: name, url, path: file, interval, headers, token, format, histograms } = asObject(written);
    const type = asText(name) ?? "";
    if (!isOutputType(type)) return [];
    const target = asText(url ?? file) ?? "";
    if (url !== undefined && file !== undefined)
      findings.report([...path, at, "path"], "`url` and `path` are the same; keep one");
    const refusal = refuseTarget(type, target);
    if (refusal !== null) findings.report([...path, at], refusal);
    if (isFileOutput(type) && files.has(target))
      findings.report([...path, at], `two outputs write \`${target}\`; choose another file`);
    files.add(target);
    const intervalMs = asMs(interval) ?? 1_000;
    if (intervalMs % 1_000 !== 0)
      findings.report([...path, at, "interval"], "it takes whole seconds, such as `1s` or `10s`");
    return [
      {
        type,
        target,
        intervalMs,
        headers: asTexts(headers),
        token: asText(token),
        format: format === "json" ? "json" : "protobuf",
        histograms: histograms === "native" ? "native" : "classic",
      },
    ];
  });
}

/** The options as a report may show them: outputs without what is secret. */
export function maskOutputs(options: JsonObject, outputs: readonly OutputSpec[]): JsonObject {
  if (!Object.hasOwn(options, "outputs")) return options;
  return {
    ...options,
    outputs: outputs.map((output) => ({ type: output.type, url: maskTarget(output) })),
  };
}

function listWritten({ outputs }: JsonObject): readonly Json[] {
  return Array.isArray(outputs) ? (outputs as readonly Json[]) : [];
}
