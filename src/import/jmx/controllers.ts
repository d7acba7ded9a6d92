import type { Json, JsonObject } from "../../protocol/json.ts";
import type { Draft } from "../draft.ts";
import type { JmxText } from "./jmx-text.ts";
import type { PlanNode } from "./read-plan.ts";

/** What a controller becomes; `steps` are those inside. null: it is left out with all of them (which is noted). */
type Controller = (node: PlanNode, steps: readonly Json[], text: JmxText, draft: Draft) => Json[] | null;

const group: Controller = (node, steps, _text, draft) => [
  { id: draft.stepId(node.name), name: node.name, type: "group", config: { steps } },
];
const step = (node: PlanNode, draft: Draft, type: string, config: JsonObject): Json[] => [
  { id: draft.stepId(node.name), type, config },
];

const loop: Controller = (node, steps, text, draft) => {
  const loops = node.props.get("LoopController.loops") ?? "1";
  const forever = node.props.get("LoopController.continue_forever") === "true" && Number(loops) < 0;
  if (forever || Number(loops) < 0) {
    draft.leaveOut(`the endless loop ${node.name}`, node.name, "its steps run once in an iteration");
    return group(node, steps, text, draft);
  }
  const count = loops === "" ? 1 : /^\d+$/.test(loops) ? Number(loops) : text.template(loops, node.name);
  if (typeof count === "string" && !/^\$\{[^}]*\}$/.test(count)) {
    draft.leaveOut(`the loops ${loops} of ${node.name}`, node.name, "they are no number; its steps run once");
    return group(node, steps, text, draft);
  }
  return step(node, draft, "loop", { count, steps });
};

const when: Controller = (node, steps, text, draft) => {
  const written = node.props.get("IfController.condition") ?? "";
  const expression = text.condition(written);
  if (expression === null) {
    draft.leaveOut(
      `the If Controller ${node.name} with its steps`,
      node.name,
      `its condition ${written.slice(0, 100)} is a script`,
    );
    return null;
  }
  return step(node, draft, "condition", { expression, then: steps });
};

const whilst: Controller = (node, steps, text, draft) => {
  const written = node.props.get("WhileController.condition") ?? "";
  const condition = text.condition(written);
  if (condition === null || /^LAST$/i.test(condition)) {
    draft.leaveOut(
      `the While Controller ${node.name} with its steps`,
      node.name,
      "its condition is a script, or the last sample's success",
    );
    return null;
  }
  return step(node, draft, "loop", { condition, steps });
};

const foreach: Controller = (node, steps, _text, draft) => {
  const [from, to] = [
    node.props.get("ForeachController.inputVal") ?? "",
    node.props.get("ForeachController.returnVal") ?? "",
  ];
  if (from === "" || to === "") return null;
  return step(node, draft, "loop", { items: `\${${draft.use(from)}}`, item_var: draft.assign(to), steps });
};

const throughput: Controller = (node, steps, text, draft) => {
  const percent = Number(node.props.get("ThroughputController.percentThroughput") ?? "100");
  if (node.props.get("ThroughputController.style") !== "1" || Number.isNaN(percent)) {
    draft.leaveOut(
      `the number of executions of ${node.name}`,
      node.name,
      "only percents are taken over; its steps run in every iteration",
    );
    return group(node, steps, text, draft);
  }
  return step(node, draft, "condition", {
    expression: `random_int(1, 10000) <= ${Math.round(percent * 100)}`,
    then: steps,
  });
};

const random: Controller = (node, steps, _text, draft) =>
  step(node, draft, "switch", { cases: steps.map((each) => ({ weight: 1, steps: [each] })) });

/** Controllers by their element. */
export const controllers: Readonly<Record<string, Controller>> = {
  GenericController: group,
  TransactionController: group,
  LoopController: loop,
  IfController: when,
  WhileController: whilst,
  ForeachController: foreach,
  ThroughputController: throughput,
  RandomController: random,
  OnceOnlyController: (node, steps, _text, draft) =>
    step(node, draft, "condition", { expression: "vu.iteration == 0", then: steps }),
};

/** Those whose steps are taken over one after the other, without what the controller does. */
export function runInOrder(node: PlanNode, steps: readonly Json[], text: JmxText, draft: Draft): Json[] | null {
  draft.leaveOut(`what ${node.kind} ${node.name} does`, node.name, "its steps run one after the other");
  return group(node, steps, text, draft);
}
