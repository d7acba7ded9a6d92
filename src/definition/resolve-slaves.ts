import type { Json, JsonObject } from "../protocol/json.ts";
import type { Path } from "../protocol/step-spec.ts";
import type { TargetSlaves, Workflow } from "../protocol/workflow.ts";
import type { Findings } from "../document/findings.ts";
import { asList, asNumber, asObject, asText, asTexts } from "../protocol/json-values.ts";

/** The fields that say on which slaves a workflow runs, and what their coming and going means. */
export function resolveSlaves(
  options: JsonObject,
  path: Path,
  findings: Findings,
): Pick<Workflow, "targetSlaves" | "onSlaveLoss" | "onSlaveJoin"> {
  const loss = options["on_slave_loss"];
  return {
    targetSlaves: resolveTarget(asObject(options["target_slaves"]), [...path, "target_slaves"], findings),
    onSlaveLoss: loss === "continue" || loss === "abort" ? loss : "redistribute",
    onSlaveJoin: options["on_slave_join"] === "rebalance" ? "rebalance" : "fill",
  };
}

/** What `target_slaves` says of the slaves. */
export function resolveTarget(written: JsonObject, path: Path, findings: Findings): TargetSlaves {
  const target: TargetSlaves = {
    mode: chooseMode(written),
    slaveIds: [...new Set(listTexts(written["slave_ids"]))],
    labels: asTexts(written["labels"]),
    capabilities: [...new Set(listTexts(written["capabilities"]))],
    minSlaves: asNumber(written["min_slaves"]) ?? 1,
    maxSlaves: asNumber(written["max_slaves"]),
  };
  const { mode, slaveIds, labels, capabilities, minSlaves, maxSlaves } = target;
  const lacks = (field: string, what: string) => {
    if (!findings.isWrong([...path, field]))
      findings.report(path, `mode ${mode} needs \`${field}\`; give at least one ${what}`);
  };
  if (mode === "manual" && slaveIds.length === 0) lacks("slave_ids", "slave's id");
  if (mode === "label" && Object.keys(labels).length === 0) lacks("labels", "label");
  if (mode === "capability" && capabilities.length === 0) lacks("capabilities", "capability");
  if (mode !== "manual" && slaveIds.length > 0)
    findings.report([...path, "slave_ids"], `mode ${mode} does not use \`slave_ids\`; write \`mode: manual\``);
  if (mode === "manual" && minSlaves > slaveIds.length && slaveIds.length > 0)
    findings.report([...path, "min_slaves"], `${minSlaves} is more than the ${slaveIds.length} of \`slave_ids\``);
  if (maxSlaves !== null && maxSlaves < minSlaves)
    findings.report([...path, "max_slaves"], `${maxSlaves} is less than \`min_slaves\` (${minSlaves})`);
  return target;
}

/** What is written decides where `mode` is not. */
function chooseMode(written: JsonObject): TargetSlaves["mode"] {
  const mode = written["mode"];
  if (mode === "manual" || mode === "label" || mode === "capability" || mode === "auto") return mode;
  if (written["slave_ids"] !== undefined) return "manual";
  if (written["labels"] !== undefined) return "label";
  return written["capabilities"] === undefined ? "auto" : "capability";
}

function listTexts(value: Json | undefined): string[] {
  return asList(value).flatMap((item) => asText(item) ?? []);
}
