import type { Json, JsonObject } from "../../protocol/json.ts";
import { createDraft, type Draft } from "../draft.ts";
import type { Imported, ImportOptions } from "../importer.ts";
import { notOfFormat } from "../read-source-value.ts";
import { createJmxText } from "./jmx-text.ts";
import { createPlanWriter } from "./plan-writer.ts";
import { type PlanNode, readPlan } from "./read-plan.ts";
import { emptyScope } from "./scope.ts";
import { readLoad, readOnError } from "./thread-group.ts";

const groups = /ThreadGroup$/;

/** Reads plans of JMeter 5: thread groups become scenarios, samplers http steps, what is around them fields of these. */
export function importJmx(source: string, options: ImportOptions): Imported {
  const plan = readPlan(source);
  if (plan.kind !== "TestPlan") throw notOfFormat("JMeter plan", "there is no Test Plan in it");
  const draft = createDraft();
  const writer = createPlanWriter(createJmxText(draft), options, draft);
  const enabled = plan.children.filter((node) => node.enabled || !groups.test(node.kind));
  for (const node of plan.children.filter((each) => !enabled.includes(each)))
    draft.leaveOut(`the ${node.kind} ${node.name}`, node.name, "it is disabled");
  for (const argument of plan.parts.get("TestPlan.user_defined_variables")?.parts.get("Arguments.arguments")?.items ??
    [])
    writer.defineVariable(argument);
  if (plan.props.get("TestPlan.serialize_threadgroups") === "true")
    draft.leaveOut("thread groups one after the other", plan.name, "scenarios run side by side; see start_time");
  writer.noteVariables(plan.children);
  const scope = writer.widen(plan.children, emptyScope);
  // Only thread groups run; what else stands beside them is noted.
  writer.writeChildren(
    plan.children.filter((node) => !groups.test(node.kind)),
    emptyScope,
  );
  const write = (node: PlanNode): Json[] => writer.writeChildren(node.children, scope);
  const named = (kind: RegExp): PlanNode[] => enabled.filter((node) => groups.test(node.kind) && kind.test(node.kind));
  const setup = named(/^Setup/).flatMap(write);
  const mains = named(/^(?!Setup|Post)/).map((node) => ({
    node,
    steps: write(node),
    load: readLoad(node, draft),
    onError: readOnError(node, draft),
  }));
  const teardown = named(/^Post/).flatMap(write);
  const running = mains.filter(({ steps }) => steps.length > 0);
  const onError = running.some((each) => each.onError === "abort") ? "abort" : "continue";
  return draft.finish({
    name: plan.name || options.name,
    ...(Object.keys(writer.data()).length > 0 ? { data: writer.data() } : {}),
    options: {
      ...(running.length === 1 ? withoutStart(running[0]?.load ?? {}, draft) : {}),
      on_error: onError,
      http: { cookies: writer.cookies() },
    },
    ...(setup.length > 0 ? { setup } : {}),
    ...(running.length === 1 ? { steps: running[0]?.steps ?? [] } : { scenarios: nameScenarios(running, draft) }),
    ...(teardown.length > 0 ? { teardown } : {}),
  });
}

/** A start time belongs to one of several scenarios. */
function withoutStart({ start_time: start, ...load }: JsonObject, draft: Draft): JsonObject {
  if (start !== undefined) draft.leaveOut("the start-up delay", "Thread Group", "the only scenario begins at once");
  return load;
}

function nameScenarios(
  groupsWithSteps: readonly { readonly node: PlanNode; readonly steps: Json[]; readonly load: JsonObject }[],
  draft: Draft,
): JsonObject {
  return Object.fromEntries(
    groupsWithSteps.map(({ node, steps, load }) => [draft.stepId(node.name), { ...load, steps }]),
  );
}
