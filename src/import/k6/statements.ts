import type { AnyNode, Node } from "acorn";
import type { Json } from "../../protocol/json.ts";
import type { Draft } from "../draft.ts";
import type { ImportOptions } from "../importer.ts";
import { readChecks } from "./checks.ts";
import { countPasses } from "./count-passes.ts";
import type { Expressions } from "./expressions.ts";
import { liftRequest } from "./lift-request.ts";
import type { HeldResponse, Names } from "./names.ts";
import { readSleep } from "./read-sleep.ts";
import { isRequest, writeBatched, writeRequest, type WrittenRequest } from "./requests.ts";
import { checkDepth, lineOf, propertyName, readChain } from "./syntax.ts";

/** Expressions that give another value each time. */
const drawing = /\b(?:uuid|now|random_\w+|pick)\(/;

/** What the script has at its top. */
export interface Script {
  /** What `k6/http` is called in it. */
  readonly http: string;
  readonly functions: ReadonlyMap<string, Node>;
}

/** What `setup` gives back: expressions by field; "" is the whole. */
export type ReturnedValues = Map<string, string>;

/** A function's body, or null. */
export function bodyOf(given: Node | null | undefined): readonly Node[] | null {
  const node = given as AnyNode | null | undefined;
  if (
    node?.type !== "FunctionDeclaration" &&
    node?.type !== "FunctionExpression" &&
    node?.type !== "ArrowFunctionExpression"
  )
    return null;
  return node.body.type === "BlockStatement" ? node.body.body : [node.body];
}

/** Turns statements into steps; what is not plain is noted as left out. */
export function createStatementWriter(
  script: Script,
  expressions: Expressions,
  options: ImportOptions,
  draft: Draft,
): (statements: readonly Node[], names: Names, returned: ReturnedValues | null) => Json[] {
  /** The steps of responses, for the checks that come later. */
  const steps = new Map<HeldResponse, Record<string, Json>>();
  /** Takes what the function that is being written gives back; null: nothing wants it. */
  let returned: ReturnedValues | null = null;
  const leave = (node: Node, what: string, why = "only plain http flows are read"): Json[] => {
    draft.leaveOut(what, lineOf(node), why);
    return [];
  };

  function writeAll(statements: readonly Node[], names: Names, depth: number): Json[] {
    checkDepth(depth);
    return statements.flatMap((statement) => writeOne(statement as AnyNode, names, depth));
  }

  function inside(node: Node, names: Names, depth: number): Json[] {
    const inner: Names = {
      responses: new Map(names.responses),
      values: new Map(names.values),
      nodes: new Map(names.nodes),
      origins: new Map(names.origins),
    };
    const block = node as AnyNode;
    return writeAll(block.type === "BlockStatement" ? block.body : [block], inner, depth + 1);
  }

  function writeOne(node: AnyNode, names: Names, depth: number): Json[] {
    switch (node.type) {
      case "EmptyStatement":
      case "FunctionDeclaration":
        return [];
      case "BlockStatement":
        return inside(node, names, depth);
      case "ExpressionStatement":
        return writeExpression(node.expression, names, depth);
      case "CallExpression":
      case "AwaitExpression":
        return writeExpression(node, names, depth);
      case "VariableDeclaration":
        return node.declarations.flatMap((each) => writeVariable(each.id, each.init ?? null, names, depth));
      case "IfStatement": {
        const checked = (node.test.type === "UnaryExpression" ? node.test.argument : node.test) as AnyNode;
        if (isCall(checked, "check"))
          return [
            ...writeExpression(checked, names, depth),
            ...leave(node, "an if with what is in it", "its condition is the outcome of a check, which is kept"),
          ];
        const expression = expressions.expression(node.test, names);
        if (expression === null) return leave(node, "an if with what is in it", "its condition is not read");
        const then = inside(node.consequent, names, depth);
        const otherwise =
          node.alternate === null || node.alternate === undefined ? [] : inside(node.alternate, names, depth);
        return then.length + otherwise.length === 0
          ? []
          : [{ type: "condition", config: { expression, then, ...(otherwise.length > 0 ? { else: otherwise } : {}) } }];
      }
      case "ForStatement": {
        const count = countPasses(node);
        if (count === null) return leave(node, "a loop with what is in it", "only loops that count are read");
        const body = inside(
          node.body,
          { ...names, values: new Map([...names.values, [count.name, "loop.index"]]) },
          depth,
        );
        return body.length === 0 ? [] : [{ type: "loop", config: { count: count.passes, steps: body } }];
      }
      case "ReturnStatement":
        return writeReturn(node, node.argument ?? null, names, depth);
      default:
        return leave(node, node.type.replace(/(?:Statement|Declaration)$/, "").toLowerCase());
    }
  }

  function writeReturn(node: Node, argument: Node | null, names: Names, depth: number): Json[] {
    if (argument === null) return depth === 0 ? [] : leave(node, "a return", "the steps after it run all the same");
    const given = argument as AnyNode;
    if (returned === null || depth > 0) return leave(node, "a return", "what a function gives back is not read");
    const fields: [string, Node][] =
      given.type === "ObjectExpression"
        ? given.properties.flatMap((each): [string, Node][] =>
            each.type === "Property" ? [[propertyName(each) ?? "", each.value]] : [],
          )
        : [["", given]];
    const made: Json[] = [];
    for (const [field, each] of fields) {
      const lifted = liftRequest(each as AnyNode, script.http, `request of ${lineOf(each)}`);
      if (lifted !== null) made.push(...writeHttp(lifted.request, names, `request of ${lineOf(each)}`));
      const value = lifted?.value ?? each;
      const expression = expressions.expression(value, names);
      // Each virtual user would draw another.
      if (expression === null || drawing.test(expression))
        leave(value, `what setup gives back ${field === "" ? "" : `as ${field}`}`.trim(), "its value is not read");
      else returned.set(field, expression);
    }
    return made;
  }

  function writeVariable(id: Node, init: Node | null, names: Names, depth: number): Json[] {
    const target = id as AnyNode;
    const value = init as AnyNode | null;
    if (target.type === "ObjectPattern" && value !== null) return writePattern(target, value, names, depth);
    if (target.type !== "Identifier" || value === null) return value === null ? [] : leave(id, "a variable");
    const { name: variable } = target;
    for (const name of names.values.keys())
      if (name === variable || name.startsWith(`${variable}.`)) names.values.delete(name);
    names.responses.delete(variable);
    names.origins.set(variable, value);
    if (isRequest(value, script.http)) return writeHttp(value, names, target.name);
    const lifted = liftRequest(value, script.http, `request of ${lineOf(value)}`);
    if (lifted !== null)
      return [
        ...writeHttp(lifted.request, names, `request of ${lineOf(value)}`),
        ...writeVariable(id, lifted.value, names, depth),
      ];
    if (isCall(value, `${script.http}.batch`)) return writeExpression(value, names, depth);
    if (value.type === "ObjectExpression" || value.type === "ArrayExpression" || isCall(value, "JSON.stringify")) {
      names.nodes.set(target.name, value);
      return [];
    }
    const expression = expressions.expression(value, names);
    if (expression === null) return leave(id, `the variable ${target.name}`, "its value is not read");
    // Random values are drawn once: a variable of the workflow keeps its value for an iteration.
    if (!drawing.test(expression)) names.values.set(target.name, expression);
    else {
      const name = draft.use(`${target.name}_${lineOf(id).replace(" ", "_")}`);
      draft.define(`${target.name}_${lineOf(id).replace(" ", "_")}`, `\${${expression}}`);
      names.values.set(target.name, name);
    }
    return [];
  }

  /** `const { name, id } = user`. */
  function writePattern(
    pattern: AnyNode & { type: "ObjectPattern" },
    object: AnyNode,
    names: Names,
    depth: number,
  ): Json[] {
    return pattern.properties.flatMap((each) => {
      if (each.type !== "Property" || each.computed || each.value.type !== "Identifier")
        return leave(each, "a variable");
      const member = { ...each, type: "MemberExpression", object, property: each.key, optional: false } as AnyNode;
      return writeVariable(each.value, member, names, depth);
    });
  }

  function keep({ step, response }: WrittenRequest): Record<string, Json> {
    // Filled as the script reads values of it; empty ones are taken away at the end.
    step["extract"] = response.extract;
    steps.set(response, step);
    return step;
  }

  function writeHttp(node: Node, names: Names, name: string | null): Json[] {
    const written = writeRequest(node, names, expressions, draft);
    if (written === null) return [];
    if (name !== null) names.responses.set(name, written.response);
    return [keep(written)];
  }

  function writeExpression(given: Node, names: Names, depth: number): Json[] {
    const node = given as AnyNode;
    if (node.type === "AwaitExpression") return writeExpression(node.argument, names, depth);
    if (node.type === "AssignmentExpression" && node.operator === "=")
      return writeVariable(node.left, node.right, names, depth);
    if (node.type !== "CallExpression") return leave(node, "an expression");
    if (isRequest(node, script.http)) return writeHttp(node, names, null);
    const name = readChain(node.callee) ?? "";
    const [first, second] = node.arguments as (AnyNode | undefined)[];
    if (name === "sleep") return writeSleep(node, first, names);
    if (name === "check") {
      const [, , tags] = node.arguments;
      if (tags !== undefined) leave(node, "the tags of a check", "only steps and scenarios have tags");
      return writeCheck(node, first, second, names);
    }
    if (name === "group") {
      const title = expressions.template(first, names);
      const body = bodyOf(second);
      if (title === null || body === null)
        return leave(node, "a group", "its name or its function does not stand in it");
      const id = draft.stepId(title);
      const inner = writeAll(body, names, depth + 1);
      return inner.length === 0 ? [] : [{ id, name: title, type: "group", config: { steps: inner } }];
    }
    if (name === `${script.http}.batch`) return writeBatch(node, first, names);
    if (name.startsWith("console.")) return leave(node, name, "it sends nothing");
    const body = node.arguments.length === 0 ? bodyOf(script.functions.get(name)) : null;
    if (body === null) return leave(node, `the call of ${name || "a function"}`);
    return writeAll(
      body,
      { responses: new Map(), values: new Map(names.values), nodes: new Map(names.nodes), origins: new Map() },
      depth + 10,
    );
  }

  function writeSleep(node: Node, argument: AnyNode | undefined, names: Names): Json[] {
    if (!options.thinkTimes) return [];
    const duration = readSleep(argument, expressions.expression(argument, names));
    if (duration === null) return leave(node, "a sleep", "its time is not read");
    return duration === "0ms" ? [] : [{ type: "sleep", config: { duration } }];
  }

  function writeCheck(node: Node, subject: AnyNode | undefined, conditions: AnyNode | undefined, names: Names): Json[] {
    const made = isRequest(subject, script.http) ? writeHttp(subject as Node, names, "") : [];
    const response = names.responses.get(
      made.length > 0 ? "" : subject?.type === "Identifier" ? subject.name : "\u0000",
    );
    const step = response === undefined ? undefined : steps.get(response);
    if (step === undefined) return [...made, ...leave(node, "a check", "what it looks at is no response that is read")];
    const checks = readChecks(conditions, (value) => expressions.value(value, names), draft);
    if (checks.length > 0) step["checks"] = [...((step["checks"] as Json[] | undefined) ?? []), ...checks];
    return made;
  }

  function writeBatch(node: Node, argument: AnyNode | undefined, names: Names): Json[] {
    const list = (argument?.type === "Identifier" ? names.nodes.get(argument.name) : argument) as AnyNode | undefined;
    const parts =
      list?.type === "ArrayExpression"
        ? list.elements
        : list?.type === "ObjectExpression"
          ? list.properties.map((each) => (each.type === "Property" ? each.value : null))
          : null;
    if (parts === null) return leave(node, "a batch", "its requests do not stand in it");
    const written = parts.flatMap((part) => {
      const one = part === null ? null : writeBatched(part, names, expressions, draft);
      return one === null ? [] : [keep(one)];
    });
    return written.length === 0 ? [] : [{ type: "parallel", config: { steps: written } }];
  }

  return (statements, names, wanted) => {
    returned = wanted;
    const made = writeAll(statements, names, 0);
    for (const step of steps.values()) if ((step["extract"] as Json[]).length === 0) delete step["extract"];
    steps.clear();
    return made;
  };
}

function isCall(node: AnyNode, name: string): boolean {
  return node.type === "CallExpression" && readChain(node.callee) === name;
}
