import type { AnyNode, Node, Program } from "acorn";
import type { Json, JsonObject } from "../../protocol/json.ts";
import { asObject } from "../../protocol/json-values.ts";
import { createDraft, type Draft } from "../draft.ts";
import type { Imported, ImportOptions } from "../importer.ts";
import { notOfFormat } from "../read-source-value.ts";
import { createExpressions, type Expressions, type Names } from "./expressions.ts";
import { readK6Options } from "./options.ts";
import { bodyOf, createStatementWriter } from "./statements.ts";
import { readStatic } from "./static-value.ts";
import { lineOf, parseScript, propertyName } from "./syntax.ts";

/** What stands at the top of a script. */
interface Module {
  readonly http: string;
  /** Functions by name; the default export is `default`. */
  readonly functions: Map<string, Node>;
  readonly constants: Map<string, Node>;
}

/** Modules whose functions are read. */
const knownModules = /^(?:k6|k6\/http|k6\/metrics|k6\/encoding|k6\/data|k6\/crypto|https:\/\/jslib\.k6\.io\/.*)$/;

/** Reads k6's options and plain http flows of a script by its syntax; nothing of it is ever run. */
export function importK6(text: string, options: ImportOptions): Imported {
  const draft = createDraft();
  const module = readModule(parseScript(text), draft);
  if (module.http === "" || module.functions.size === 0)
    throw notOfFormat("k6 script", "it imports no `k6/http`, or exports no function");
  const expressions = createExpressions(draft);
  const names = nameConstants(module, expressions, draft);
  const write = createStatementWriter(module, expressions, options, draft);
  const run = (name: string): Json[] =>
    write(bodyOf(module.functions.get(name)) ?? [], { ...names, values: new Map(names.values), responses: new Map() });
  const read = readK6Options(readOptionsObject(module, draft), draft);
  const setup = module.functions.has("setup") ? run("setup") : [];
  const flows = read.scenarios.map(({ name, exec, load }) => ({ name, load, exec, steps: run(exec) }));
  for (const { name, exec } of flows.filter(({ steps }) => steps.length === 0))
    draft.leaveOut(`the scenario ${name}`, "options", `its function ${exec} has no step that is read`);
  const scenarios = Object.fromEntries(
    flows
      .filter(({ steps }) => steps.length > 0)
      .map(({ name, load, steps }) => [draft.stepId(name), { ...load, steps }]),
  );
  const steps = flows.length === 0 ? run("default") : [];
  const teardown = module.functions.has("teardown") ? run("teardown") : [];
  return draft.finish({
    name: options.name,
    options: read.options,
    ...(setup.length > 0 ? { setup } : {}),
    ...(flows.length === 0 ? { steps } : { scenarios }),
    ...(teardown.length > 0 ? { teardown } : {}),
  });
}

function readModule(program: Program, draft: Draft): Module {
  let http = "";
  const functions = new Map<string, Node>();
  const constants = new Map<string, Node>();
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
      else if (!knownModules.test(source))
        draft.leaveOut(`the module ${source}`, lineOf(node), "only http flows are read");
    } else if (node.type === "ExportDefaultDeclaration") functions.set("default", node.declaration);
    else if (node.type === "ExportNamedDeclaration" && node.declaration !== null && node.declaration !== undefined)
      declare(node.declaration);
    else declare(node);
  }
  return { http, functions, constants };
}

/** Constants become variables of the workflow where they can, so that `-e NAME=…` sets them. */
function nameConstants({ constants }: Module, expressions: Expressions, draft: Draft): Names {
  const names: Names = { responses: new Map(), values: new Map(), nodes: new Map() };
  for (const [name, given] of constants) {
    if (name === "options") continue;
    const node = given as AnyNode;
    if (node.type === "ObjectExpression" || node.type === "ArrayExpression") {
      names.nodes.set(name, node);
      continue;
    }
    const value =
      readStatic(node, new Map()) !== undefined && node.type === "Literal"
        ? expressions.value(node, names)
        : expressions.template(node, names);
    if (value === null || value === undefined) {
      draft.leaveOut(`the constant ${name}`, lineOf(node), "its value is not read");
      continue;
    }
    draft.define(name, value);
    names.values.set(name, draft.use(name));
  }
  return names;
}

/** The parts of `options` that are plain values; the rest is noted. */
function readOptionsObject({ constants }: Module, draft: Draft): JsonObject {
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
