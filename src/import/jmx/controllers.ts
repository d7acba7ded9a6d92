import type { Json, JsonObject } from "../../protocol/json.ts";
import { asObject, asText } from "../../protocol/json-values.ts";
import type { Draft } from "../draft.ts";
import { quoteText } from "../template-text.ts";
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
  // A counter counts passes there and iterations here: the loop would never end.
  const counter = listCounters(node).find((name) =>
    new RegExp(`(?<![\\p{L}\\p{N}_.])${name}(?![\\p{L}\\p{N}_])`, "u").test(condition),
  );
  if (counter !== undefined) {
    draft.leaveOut(
      `the While Controller ${node.name} with its steps`,
      node.name,
      `its condition is the counter ${counter}, which counts iterations here; use a loop with a count`,
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
  // What the loop sets is set inside it alone.
  if (from === to) draft.define(from, []);
  return step(node, draft, "loop", { items: `\${${draft.use(from)} || []}`, item_var: draft.assign(to), steps });
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

/** The next of them in each iteration. */
const interleave: Controller = (node, steps, _text, draft) =>
  steps.length === 1
    ? [...steps]
    : step(node, draft, "switch", {
        cases: steps.map((each, at) => ({ expression: `vu.iteration % ${steps.length} == ${at}`, steps: [each] })),
      });

/** The one whose number or name the value is; else the one that is called `default`. */
const select: Controller = (node, steps, text, draft) => {
  const written = node.props.get("SwitchController.value") || "0";
  const value = text.template(written, node.name);
  if (/^\d+$/.test(value)) return steps.slice(Number(value) < steps.length ? Number(value) : 0).slice(0, 1);
  if (new RegExp(String.raw`^\$\{random_int\(0, ${steps.length - 1}\)\}$`).test(value))
    return random(node, steps, text, draft);
  const [, name] = /^\$\{([\p{L}_][\p{L}\p{N}_]*)\}$/u.exec(value) ?? [];
  if (name === undefined) return runInOrder(node, steps, text, draft);
  const cases = steps.map((each, at) => ({
    expression: `text(${name}) == "${at}" || text(${name}) == ${quoteText(nameOf(each))}`,
    steps: [each],
  }));
  const otherwise = steps.filter((each) => /^default$/i.test(nameOf(each)));
  return step(node, draft, "switch", {
    cases: cases.filter((_case, at) => !otherwise.includes(steps[at] ?? null)),
    ...(otherwise.length > 0 ? { default: otherwise } : {}),
  });
};

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
  InterleaveControl: interleave,
  SwitchController: select,
  OnceOnlyController: (node, steps, _text, draft) =>
    step(node, draft, "condition", { expression: "vu.iteration == 0", then: steps }),
};

/** Those whose steps are taken over one after the other, without what the controller does. */
export function runInOrder(node: PlanNode, steps: readonly Json[], text: JmxText, draft: Draft): Json[] | null {
  draft.leaveOut(`what ${node.kind} ${node.name} does`, node.name, "its steps run one after the other");
  return group(node, steps, text, draft);
}

/** The names of the counters below a controller that can stand in an expression. */
function listCounters(node: PlanNode): string[] {
  return node.children
    .flatMap((child) => [
      ...(child.kind === "CounterConfig" ? [child.props.get("CounterConfig.name") ?? ""] : []),
      ...listCounters(child),
    ])
    .filter((name) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name));
}

function nameOf(written: Json): string {
  const { name, id } = asObject(written);
  return asText(name) ?? asText(id) ?? "";
}
