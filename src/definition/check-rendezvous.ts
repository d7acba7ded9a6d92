import type { Path } from "../protocol/step-spec.ts";
import type { Scenario, Step } from "../protocol/workflow.ts";
import type { Findings } from "../document/findings.ts";
import { listBodies } from "./list-capabilities.ts";
import { visitSteps } from "./visit-steps.ts";

/** A rendezvous stands where several VUs may come: not in steps that run once, nor for all VUs where most of them rest. */
export function checkRendezvous(
  phases: Readonly<Record<string, readonly Step[]>>,
  scenarios: readonly (readonly [Scenario, Path])[],
  findings: Findings,
): void {
  for (const phase of ["setup", "teardown"]) {
    for (const { id } of listMeetings(phases[phase] ?? [])) {
      findings.report([phase], `\`${id}\`: ${phase} runs once, nobody else comes to a rendezvous there`);
    }
  }
  for (const [scenario, path] of scenarios) {
    const { mode } = scenario.load;
    if (mode !== "constant-arrival-rate" && mode !== "ramping-arrival-rate") continue;
    for (const { id, config } of listBodies(scenario).flatMap(listMeetings)) {
      if (config["count"] !== null) continue;
      findings.report(
        path,
        `\`${id}\`: in mode ${mode} VUs rest until an iteration is due, so that all of them never meet; give a \`count\``,
      );
    }
  }
}

function listMeetings(steps: readonly Step[]): Step[] {
  const found: Step[] = [];
  visitSteps(steps, (step) => {
    if (step.type === "rendezvous") found.push(step);
  });
  return found;
}
