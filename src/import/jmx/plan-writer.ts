import type { Json, JsonObject } from "../../protocol/json.ts";
import type { Draft } from "../draft.ts";
import type { ImportOptions } from "../importer.ts";
import type { Pair } from "../request-body.ts";
import { controllers, runInOrder } from "./controllers.ts";
import { readDataSet } from "./data-set.ts";
import type { JmxText } from "./jmx-text.ts";
import { readJsonAssertion, readResponseAssertion, readSizeAssertion } from "./read-checks.ts";
import { extractorKinds, readExtractor } from "./read-extractor.ts";
import type { PlanNode, PlanPart } from "./read-plan.ts";
import { addHeaders, addPause, type Scope, type ScopeReader } from "./scope.ts";
import { writeSampler } from "./write-sampler.ts";

/** Writes the elements of a plan as steps; keeps what counts for the whole workflow. */
export interface PlanWriter {
  defineVariable(argument: PlanPart): void;
  /** Variables, data sets and counters anywhere below, which every step may read. */
  noteVariables(nodes: readonly PlanNode[]): void;
  /** The scope with what these elements add to it. */
  widen(nodes: readonly PlanNode[], scope: Scope): Scope;
  writeChildren(nodes: readonly PlanNode[], outer: Scope): Json[];
  data(): JsonObject;
  cookies(): string;
}

const listeners = /^(?:ResultCollector|BackendListener|Summariser|DebugSampler|.*Visualizer|.*Listener)$/;
/** Why elements are left out, with what is below them. */
const unsaid: readonly (readonly [kind: RegExp, why: string])[] = [
  [/^ModuleController$/, "what it names runs where it stands alone"],
  [/^IncludeController$/, "import the plan that it includes, and use `call`"],
  [/^TestFragmentController$/, "it runs only where a Module Controller names it"],
  [/^AuthManager$/, "give `auth` to the steps or to `options.http`"],
  [/^CacheManager$/, "nothing is cached"],
  [/ThroughputTimer$/, "an arrival rate is a load: see `rate`"],
  [/^(?:JSR223|BeanShell|BSF)(?!.*Listener$)/, "a script of the JVM; write it anew as `script`"],
  [/^JDBC/, "write it anew as `db`"],
];

const ignored = new Set(["Arguments", "CSVDataSet", "CounterConfig", "CookieManager"]);

export function createPlanWriter(text: JmxText, options: ImportOptions, draft: Draft): PlanWriter {
  const data: Record<string, Json> = {};
  let cookies = "off";

  const scopeReaders: Readonly<Record<string, ScopeReader>> = {
    ConfigTestElement: (node, scope) => ({
      ...scope,
      defaults: new Map([...scope.defaults, ...[...node.props].filter(([, value]) => value !== "")]),
    }),
    HeaderManager: (node, scope) =>
      addHeaders(
        scope,
        (node.parts.get("HeaderManager.headers")?.items ?? []).map(
          ({ props }): Pair => [
            text.template(props.get("Header.name") ?? "", node.name),
            text.template(props.get("Header.value") ?? "", node.name),
          ],
        ),
      ),
    ConstantTimer: (node, scope) => {
      const [, least, most] =
        /^\$\{__Random\(\s*(\d{1,8})\s*,\s*(\d{1,8})\s*,?\s*\)\}$/.exec(node.props.get("ConstantTimer.delay") ?? "") ??
        [];
      if (least !== undefined && Number(most) >= Number(least)) return addPause(scope, Number(least), Number(most));
      return addPause(scope, ms(node, "ConstantTimer.delay"), ms(node, "ConstantTimer.delay"));
    },
    UniformRandomTimer: (node, scope) =>
      addPause(scope, ms(node, "ConstantTimer.delay"), ms(node, "ConstantTimer.delay") + ms(node, "RandomTimer.range")),
    GaussianRandomTimer: (node, scope) => {
      draft.leaveOut(
        `the distribution of ${node.name}`,
        node.name,
        "even between delay - deviation and delay + deviation",
      );
      const [delay, deviation] = [ms(node, "ConstantTimer.delay"), ms(node, "RandomTimer.range")];
      return addPause(scope, Math.max(0, delay - deviation), delay + deviation);
    },
    PoissonRandomTimer: (node, scope) => {
      draft.leaveOut(`the distribution of ${node.name}`, node.name, "even between delay and delay + 2 × lambda");
      const [delay, lambda] = [ms(node, "ConstantTimer.delay"), ms(node, "RandomTimer.range")];
      return addPause(scope, delay, delay + 2 * lambda);
    },
    SyncTimer: (node, scope) => {
      const count = Math.min(ms(node, "groupSize"), 1_000_000);
      const timeout = ms(node, "timeoutInMs");
      const meet = {
        type: "rendezvous",
        config: { ...(count > 0 ? { count } : { all: true }), ...(timeout > 0 ? { timeout } : {}) },
      };
      return { ...scope, before: [...scope.before, meet] };
    },
    ResponseAssertion: (node, scope) => ({
      ...scope,
      asserts: [...scope.asserts, ...readResponseAssertion(node, text, draft)],
    }),
    JSONPathAssertion: (node, scope) => ({
      ...scope,
      asserts: [...scope.asserts, ...readJsonAssertion(node, text, draft)],
    }),
    DurationAssertion: (node, scope) => ({
      ...scope,
      asserts: [...scope.asserts, { type: "duration", operator: "lte", value: ms(node, "DurationAssertion.duration") }],
    }),
    SizeAssertion: (node, scope) => ({ ...scope, asserts: [...scope.asserts, ...readSizeAssertion(node, draft)] }),
    ...Object.fromEntries(
      extractorKinds.map((kind): [string, ScopeReader] => [
        kind,
        (node, scope) => ({ ...scope, extracts: [...scope.extracts, ...readExtractor(node, draft)] }),
      ]),
    ),
  };

  function ms(node: PlanNode, name: string): number {
    const given = node.props.get(name) ?? "0";
    const shown = /^\$\{__P\([^,]*,\s*(\d+)\s*\)\}$/.exec(given)?.[1] ?? given;
    if (!/^-?\d+(?:\.\d+)?$/.test(shown.trim()))
      draft.leaveOut(`${name} ${given}`, node.name, "it is no number; 0 is taken");
    return Math.min(Math.max(0, Math.round(Number(shown) || 0)), 86_400_000);
  }

  function defineVariable({ props }: PlanPart): void {
    const name = props.get("Argument.name") ?? "";
    if (name !== "") draft.define(name, text.template(props.get("Argument.value") ?? "", name));
  }

  function noteVariables(nodes: readonly PlanNode[]): void {
    for (const node of nodes) {
      if (!node.enabled) continue;
      if (node.kind === "CookieManager")
        cookies = node.props.get("CookieManager.clearEachIteration") === "true" ? "iteration" : "vu";
      if (node.kind === "Arguments")
        for (const item of node.parts.get("Arguments.arguments")?.items ?? []) defineVariable(item);
      if (node.kind === "CSVDataSet") readDataSet(node, data, options, draft);
      if (node.kind === "CounterConfig") {
        const [start, by] = [
          Number(node.props.get("CounterConfig.start")) || 0,
          Number(node.props.get("CounterConfig.incr")) || 1,
        ];
        draft.define(node.props.get("CounterConfig.name") ?? "", `\${${start} + vu.iteration * ${by}}`);
      }
      noteVariables(node.children);
    }
  }

  function widen(nodes: readonly PlanNode[], scope: Scope): Scope {
    return nodes.reduce((wide, node) => {
      const read = Object.hasOwn(scopeReaders, node.kind) ? scopeReaders[node.kind] : undefined;
      return node.enabled && read !== undefined ? read(node, wide) : wide;
    }, scope);
  }

  function writeChildren(nodes: readonly PlanNode[], outer: Scope): Json[] {
    const scope = widen(nodes, outer);
    return nodes.flatMap((node): Json[] => writeNode(node, scope));
  }

  function writeNode(node: PlanNode, scope: Scope): Json[] {
    if (Object.hasOwn(scopeReaders, node.kind) || ignored.has(node.kind)) return [];
    if (!node.enabled) draft.leaveOut(`the ${node.kind} ${node.name}`, node.name, "it is disabled");
    else if (whyUnsaid(node) !== null)
      draft.leaveOut(`the ${node.kind} ${node.name}`, node.name, whyUnsaid(node) ?? "");
    else if (node.kind === "TestAction") return writePause(node);
    else if (node.kind.startsWith("HTTPSampler")) return writeRequest(node, scope);
    else if (Object.hasOwn(controllers, node.kind) || /(?:Controller|Control|RunTime)$/.test(node.kind)) {
      const steps = writeChildren(node.children, scope);
      const write = (Object.hasOwn(controllers, node.kind) ? controllers[node.kind] : undefined) ?? runInOrder;
      return steps.length === 0 ? [] : (write(node, steps, text, draft) ?? []);
    } else
      draft.leaveOut(
        `the ${node.kind} ${node.name}`,
        node.name,
        listeners.test(node.kind) ? "results are in the report" : "there is nothing here that it could become",
      );
    return [];
  }

  function writePause(node: PlanNode): Json[] {
    const given = node.props.get("ActionProcessor.duration") ?? "";
    const isPause = node.props.get("ActionProcessor.action") === "1";
    const duration = text.template(given, node.name);
    if (!isPause || !/^(?:\d{1,8}|\$\{[^}]*\})$/.test(duration)) {
      draft.leaveOut(`the action of ${node.name}`, node.name, isPause ? `${given} is no time` : "only pauses are read");
      return [];
    }
    return options.thinkTimes ? [{ id: draft.stepId(node.name), type: "sleep", config: { duration } }] : [];
  }

  function writeRequest(node: PlanNode, outer: Scope): Json[] {
    const scope = widen(node.children, outer);
    for (const child of node.children) writeNode(child, scope);
    if (!draft.hasRoom(`the request ${node.name}`, node.name)) return [];
    const step = writeSampler(node, scope, text, options, draft);
    return step === null ? [] : [...scope.before, step];
  }

  return { defineVariable, noteVariables, widen, writeChildren, data: () => data, cookies: () => cookies };
}

function whyUnsaid({ kind }: PlanNode): string | null {
  return unsaid.find(([pattern]) => pattern.test(kind))?.[1] ?? null;
}
