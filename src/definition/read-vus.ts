import type { Findings } from "../document/findings.ts";
import { asNumber } from "../protocol/json-values.ts";
import type { LoadFields } from "./overrides.ts";

/** VUs of an arrival mode: enough for the starts of a second unless given. */
export function readVus(
  fields: LoadFields,
  highest: number,
  timeUnitMs: number,
  findings: Findings,
): { preAllocatedVus: number; maxVus: number } {
  const most = asNumber(fields.values["max_vus"]);
  const inSecond = Math.max(1, Math.ceil((highest * 1000) / timeUnitMs));
  const preAllocatedVus = asNumber(fields.values["pre_allocated_vus"]) ?? Math.min(inSecond, most ?? inSecond);
  const maxVus = most ?? preAllocatedVus;
  if (maxVus < preAllocatedVus) {
    findings.report(
      fields.pathOf("max_vus"),
      `\`max_vus\` (${maxVus}) is less than \`pre_allocated_vus\` (${preAllocatedVus})`,
    );
  }
  return { preAllocatedVus, maxVus };
}
