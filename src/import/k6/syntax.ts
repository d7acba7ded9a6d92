import { type AnyNode, type Node, type Program, parse } from "acorn";
import { EngineError } from "../../errors.ts";
import { importLimits } from "../import-limits.ts";
import { notOfFormat } from "../read-source-value.ts";

/** More than any script has; its tree takes many times its size. */
const longestScript = 4 * 1024 * 1024;
/** Braces and brackets open at once in a text that is parsed: the parser is recursive. */
const deepestText = 400;

/** The syntax of a script; nothing of it is ever run. Throws EngineError `invalid_request` or `too_large`. */
export function parseScript(text: string): Program {
  if (text.length > longestScript)
    throw new EngineError(
      "too_large",
      `it has ${text.length} characters; at most ${longestScript} of a script are read`,
    );
  checkNesting(text);
  try {
    return parse(text, { ecmaVersion: "latest", sourceType: "module", locations: true, allowHashBang: true });
  } catch (cause) {
    if (cause instanceof RangeError || (cause instanceof Error && /stack/.test(cause.message)))
      throw new EngineError("too_large", "it is nested too deeply", { cause });
    throw notOfFormat("k6 script", cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function checkNesting(text: string): void {
  let open = 0;
  for (const character of text) {
    if ("([{".includes(character)) open += 1;
    else if (")]}".includes(character)) open = Math.max(0, open - 1);
    if (open > deepestText) throw new EngineError("too_large", `brackets are nested deeper than ${deepestText} levels`);
  }
}

/** Where a node stands, for people. */
export function lineOf(node: Node): string {
  return `line ${node.loc?.start.line ?? 0}`;
}

/** Counts a walk's levels; too many are told. */
export function checkDepth(depth: number): void {
  if (depth > importLimits.depth)
    throw new EngineError("too_large", `it is nested deeper than ${importLimits.depth} levels`);
}

/** `http.get` of a call or member expression; null: it is no plain chain of names. */
export function readChain(given: Node | null | undefined): string | null {
  const node = given as AnyNode | null | undefined;
  if (node?.type === "Identifier") return node.name;
  if (node?.type !== "MemberExpression") return null;
  const parts: string[] = [];
  let inner: AnyNode = node;
  while (inner.type === "MemberExpression") {
    const { property } = inner as { property: AnyNode };
    const name =
      property.type === "Identifier" && !inner.computed
        ? property.name
        : property.type === "Literal" && typeof property.value === "string"
          ? property.value
          : null;
    if (name === null) return null;
    parts.unshift(name);
    inner = inner.object as AnyNode;
  }
  return inner.type === "Identifier" ? [inner.name, ...parts].join(".") : null;
}

/** The name of a plain property; null: it is computed, a spread or a method. */
export function propertyName(node: AnyNode): string | null {
  if (node.type !== "Property" || node.computed || node.kind !== "init") return null;
  if (node.key.type === "Identifier") return node.key.name;
  return node.key.type === "Literal" ? String(node.key.value) : null;
}
