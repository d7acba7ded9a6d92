import type { AnyNode, Node, Program } from "acorn";
import type { Json, JsonObject } from "../../protocol/json.ts";
import { asObject } from "../../protocol/json-values.ts";
import { createDraft, type Draft } from "../draft.ts";
import type { Imported, ImportOptions } from "../importer.ts";
import { notOfFormat } from "../read-source-value.ts";
import { isSecretField } from "../secret-names.ts";
import { escapeTemplate } from "../template-text.ts";
import { createDataLists, type DataLists } from "./data-lists.ts";
import { nameExecutionValues } from "./execution-values.ts";
import { createExpressions, type Expressions } from "./expressions.ts";
import type { Names } from "./names.ts";
import { readK6Options } from "./options.ts";
import { bodyOf, createStatementWriter, type ReturnedValues } from "./statements.ts";
import { readStatic } from "./static-value.ts";
import { lineOf, parseScript, propertyName, readChain } from "./syntax.ts";
import { listSeries, readThresholds } from "./thresholds.ts";

/** What stands at the top of a script. */
interface Module {
  readonly http: string;
  /** Functions by name; the default export is `default`. */
  readonly functions: Map<string, Node>;
  readonly constants: Map<string, Node>;
  /** Expressions by what the script calls the parts of k6/execution. */
  readonly execution: ReadonlyMap<string, string>;
}

/** Modules whose functions are read. */
const knownModules =
  /^(?:k6|k6\/http|k6\/metrics|k6\/encoding|k6\/data|k6\/crypto|k6\/execution|https:\/\/jslib\.k6\.io\/.*)$/;

/** Reads k6's options and plain http flows of a script by its syntax; nothing of it is ever run. */
export function importK6(text: string, options: ImportOptions): Imported {
  const draft = createDraft();
  const module = readModule(parseScript(text), draft);
  if (module.http === "" || module.functions.size === 0)
    throw notOfFormat("k6 script", "it imports no `k6/http`, or exports no function");
  const lists = createDataLists(module.constants, options, draft);
  const expressions = createExpressions(lists, draft);
  const names = nameConstants(module, lists, expressions, draft);
  const write = createStatementWriter(module, expressions, options, draft);
  const given: ReturnedValues = new Map();
  const run = (name: string, env: ReadonlyMap<string, string> = new Map()): Json[] => {
    const node = module.functions.get(name);
    const values = new Map([...names.values, ...env, ...nameSetupValues(node, given)]);
    const inside = { ...names, values, responses: new Map(), origins: new Map() };
    return write(bodyOf(node) ?? [], inside, name === "setup" ? given : null);
  };
  const read = readK6Options(readOptionsObject(module, lists, draft), draft);
  const setup = module.functions.has("setup") ? run("setup") : [];
  const flows = read.scenarios.map(({ env, ...scenario }) => {
    const variables = Object.entries(env).map(([name, value]) => {
      const own = draft.assign(module.constants.has(name) ? `${name} of the scenario` : name);
      return { name, own, value: isSecretField(name) ? draft.secret(name, value) : escapeTemplate(value) };
    });
    const known = new Map(variables.map(({ name, own }) => [`__ENV.${name}`, own]));
    return { ...scenario, variables, steps: run(scenario.exec, known) };
  });
  for (const { name, exec } of flows.filter(({ steps }) => steps.length === 0))
    draft.leaveOut(`the scenario ${name}`, "options", `its function ${exec} has no step that is read`);
  const running = flows
    .filter(({ steps }) => steps.length > 0)
    .map((flow) => ({ ...flow, id: draft.stepId(flow.name) }));
  const scenarios = Object.fromEntries(
    running.map(({ id, load, variables, steps }) => {
      const values = Object.fromEntries(variables.map(({ own, value }) => [own, value]));
      return [id, { ...load, ...(variables.length > 0 ? { variables: values } : {}), steps }];
    }),
  );
  const steps = flows.length === 0 ? run("default") : [];
  const teardown = module.functions.has("teardown") ? run("teardown") : [];
  const series = listSeries(
    [setup, steps, ...Object.values(scenarios), teardown, read.options],
    running.length > 0 ? new Map(running.map(({ id, name }) => [name, id])) : new Map([["default", "default"]]),
  );
  const thresholds = readThresholds(read.thresholds, series, draft);
  const data = lists.feeders();
  return draft.finish({
    name: options.name,
    ...(Object.keys(data).length > 0 ? { data } : {}),
    options: { ...(Object.keys(thresholds).length > 0 ? { thresholds } : {}), ...read.options },
    ...(setup.length > 0 ? { setup } : {}),
    ...(flows.length === 0 ? { steps } : { scenarios }),
    ...(teardown.length > 0 ? { teardown } : {}),
  });
}

/** What `setup` gave back, under the name of the function's first parameter. */
function nameSetupValues(node: Node | undefined, given: ReturnedValues): [string, string][] {
  const parameter = (node as (AnyNode & { readonly params?: readonly AnyNode[] }) | undefined)?.params?.[0];
  if (parameter?.type !== "Identifier") return [];
  return [...given].map(([field, expression]) => [
    field === "" ? parameter.name : `${parameter.name}.${field}`,
    expression,
  ]);
}

function readModule(program: Program, draft: Draft): Module {
  let http = "";
  const functions = new Map<string, Node>();
  const constants = new Map<string, Node>();
  const execution = new Map<string, string>();
  const declare = (given: Node): void => {
    const node = given as AnyNode;
    if (node.type === "FunctionDeclaration" && node.id !== null) functions.set(node.id.name, node);
    else if (node.type === "VariableDeclaration") {
      for (const { id, init } of node.declarations) {
        if (id.type !== "Identifier" || init === null || init === undefined)
          draft.leaveOut("a variable", lineOf(node), "only named values are read");
        else if (bodyOf(init) === null) constants.set(id.name, init);
        else functions.set(id.name, init);
      }
    } else
      draft.leaveOut(
        node.type.replace(/(?:Statement|Declaration)$/, "").toLowerCase(),
        lineOf(node),
        "it runs when the script is loaded",
      );
  };
  for (const node of program.body) {
    if (node.type === "ImportDeclaration") {
      const source = String(node.source.value);
      if (source === "k6/http")
        http = node.specifiers.find((each) => each.type !== "ImportSpecifier")?.local.name ?? http;
      else if (source === "k6/execution")
        for (const each of node.specifiers.flatMap(nameExecutionValues)) execution.set(...each);
      else if (!knownModules.test(source))
        draft.leaveOut(`the module ${source}`, lineOf(node), "only http flows are read");
    } else if (node.type === "ExportDefaultDeclaration") functions.set("default", node.declaration);
    else if (node.type === "ExportNamedDeclaration" && node.declaration !== null && node.declaration !== undefined)
      declare(node.declaration);
    else declare(node);
  }
  return { http, functions, constants, execution };
}

/** Constants become variables of the workflow where they can, so that `-e NAME=…` sets them. */
function nameConstants(
  { constants, execution }: Module,
  lists: DataLists,
  expressions: Expressions,
  draft: Draft,
): Names {
  const names: Names = { responses: new Map(), values: new Map(execution), nodes: new Map(), origins: new Map() };
  names.values.set("__VU", "vu.id").set("__ITER", "vu.iteration");
  for (const [name, count] of lists.counts) names.values.set(`${name}.length`, String(count));
  for (const [name, given] of constants) {
    if (name === "options") continue;
    const node = given as AnyNode;
    if (lists.counts.has(name) && node.type !== "ArrayExpression") continue;
    if (node.type === "NewExpression" && /(?:^|\.)(?:Counter|Gauge|Rate|Trend)$/.test(readChain(node.callee) ?? "")) {
      draft.leaveOut(`the metric ${name}`, lineOf(node), "metrics of the script's own are not taken over");
      continue;
    }
    if (node.type === "ObjectExpression" || node.type === "ArrayExpression") {
      names.nodes.set(name, node);
      continue;
    }
    const value =
      readStatic(node, new Map()) !== undefined && node.type === "Literal"
        ? expressions.value(node, names)
        : expressions.template(node, names);
    if (value === null || value === undefined) {
      draft.leaveOut(
        `the constant ${name}`,
        lineOf(node),
        isList(node) ? "its rows are not read, or its file is not beside the script" : "its value is not read",
      );
      continue;
    }
    draft.define(name, value);
    names.values.set(name, draft.use(name));
  }
  return names;
}

/** The parts of `options` that are plain values; the rest is noted. */
function readOptionsObject({ constants: all }: Module, lists: DataLists, draft: Draft): JsonObject {
  const sizes = [...lists.counts].map(([name, value]): [string, Node] => [`${name}.length`, makeLiteral(value)]);
  const constants = new Map([...all, ...sizes]);
  const node = constants.get("options") as AnyNode | undefined;
  if (node === undefined) return {};
  if (node.type !== "ObjectExpression") {
    draft.leaveOut("options", lineOf(node), "they are no plain object");
    return {};
  }
  const pairs = node.properties.flatMap((property): [string, Json][] => {
    const name = propertyName(property);
    const value = property.type === "Property" ? readStatic(property.value, constants) : undefined;
    if (name !== null && value !== undefined) return [[name, value]];
    draft.leaveOut(`the option ${name ?? ""}`, lineOf(property), "it is no plain value");
    return [];
  });
  return asObject(Object.fromEntries(pairs));
}

function makeLiteral(value: number): Node {
  const node: AnyNode = { type: "Literal", value, raw: String(value), start: 0, end: 0 };
  return node;
}

/** Is it meant to be rows? */
function isList(node: AnyNode): boolean {
  if (node.type === "NewExpression") return readChain(node.callee) === "SharedArray";
  return node.type === "CallExpression" && readChain(node.callee) === "JSON.parse";
}
