import { DOMParser, type Element, ParseError } from "@xmldom/xmldom";
import { EngineError } from "../../errors.ts";
import { importLimits } from "../import-limits.ts";
import { notOfFormat } from "../read-source-value.ts";

/** An element of a plan with what stands below it. */
export interface PlanNode {
  /** The element's name, such as `HTTPSamplerProxy`. */
  readonly kind: string;
  readonly name: string;
  readonly enabled: boolean;
  /** The texts of `stringProp`, `intProp`, `boolProp` … by name. */
  readonly props: ReadonlyMap<string, string>;
  /** `elementProp` and `collectionProp` by name, and their items in order. */
  readonly parts: ReadonlyMap<string, PlanPart>;
  readonly children: readonly PlanNode[];
}

export interface PlanPart {
  readonly props: ReadonlyMap<string, string>;
  readonly parts: ReadonlyMap<string, PlanPart>;
  /** What a collection holds, in order: parts, and texts as parts with the one prop `""`. */
  readonly items: readonly PlanPart[];
}

/**
 * The tree of a JMeter plan. A document type is refused, so no entity is ever expanded.
 * Throws EngineError `invalid_request` or `too_large`.
 */
export function readPlan(text: string): PlanNode {
  if (/<!DOCTYPE|<!ENTITY/i.test(text))
    throw notOfFormat("JMeter plan", "it has a document type, which plans do not have");
  const root = parseXml(text.replace(/^\s+(?=<\?xml)/, ""));
  const tree = elementsOf(root)[0];
  if (root.tagName !== "jmeterTestPlan" || tree?.tagName !== "hashTree")
    throw notOfFormat("JMeter plan", "its root is not `jmeterTestPlan` with a `hashTree`");
  const plan = readTree(tree, 0)[0];
  if (plan === undefined) throw notOfFormat("JMeter plan", "it is empty");
  return plan;
}

function parseXml(text: string): Element {
  try {
    const parser = new DOMParser({
      onError: (level, message) => {
        if (level !== "warning") throw new ParseError(message);
      },
    });
    const root = parser.parseFromString(text, "text/xml").documentElement;
    if (root !== null) return root;
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
    throw notOfFormat("JMeter plan", `it is not XML: ${reason}`, cause);
  }
  throw notOfFormat("JMeter plan", "it is not XML: it has no element");
}

function elementsOf(parent: Element): Element[] {
  const found: Element[] = [];
  for (let node = parent.firstChild; node !== null; node = node.nextSibling)
    if (node.nodeType === 1) found.push(node as Element);
  return found;
}

/** A `hashTree` holds elements, each followed by the tree of what is below it. */
function readTree(tree: Element, depth: number): PlanNode[] {
  if (depth > importLimits.depth)
    throw new EngineError("too_large", `it is nested deeper than ${importLimits.depth} levels`);
  const elements = elementsOf(tree);
  return elements.flatMap((element, at): PlanNode[] => {
    if (element.tagName === "hashTree") return [];
    const below = elements[at + 1];
    const children = below?.tagName === "hashTree" ? readTree(below, depth + 1) : [];
    const { props, parts } = readPart(element, depth);
    return [
      {
        kind: element.tagName,
        name: element.getAttribute("testname") ?? element.tagName,
        enabled: element.getAttribute("enabled") !== "false",
        props,
        parts,
        children,
      },
    ];
  });
}

function readPart(element: Element, depth: number): PlanPart {
  if (depth > importLimits.depth)
    throw new EngineError("too_large", `it is nested deeper than ${importLimits.depth} levels`);
  const props = new Map<string, string>();
  const parts = new Map<string, PlanPart>();
  const items: PlanPart[] = [];
  for (const child of elementsOf(element)) {
    const name = child.getAttribute("name") ?? "";
    if (child.tagName === "elementProp" || child.tagName === "collectionProp") {
      const part = readPart(child, depth + 1);
      parts.set(name, part);
      items.push(part);
    } else if (child.tagName === "FloatProperty") {
      const [key, value] = elementsOf(child).map((each) => each.textContent ?? "");
      props.set(key ?? "", value ?? "");
    } else {
      props.set(name, child.textContent ?? "");
      items.push({ props: new Map([["", child.textContent ?? ""]]), parts: new Map(), items: [] });
    }
  }
  return { props, parts, items };
}
