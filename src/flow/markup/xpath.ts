import { createRequire } from "node:module";
import type { Document, Element, Node } from "@xmldom/xmldom";
import { EngineError } from "../../errors.ts";
import { createTreeParser } from "./create-tree-parser.ts";
import { type CompileMarkup, keepTrees } from "./markup-query.ts";
import { checkDepth, readMarkup } from "./markup-text.ts";

// Its declared types are a browser's, and would become those of everything here.
const require = createRequire(import.meta.url);

/** What the library's values have in common. */
interface Value {
  toArray?(): Node[];
  booleanValue(): boolean;
  numberValue(): number;
  stringValue(): string;
  toString(): string;
}

interface EvaluateOptions {
  readonly node: Node;
  readonly isHtml: boolean;
  readonly allowAnyNamespaceForNoPrefix: true;
  readonly namespaces: (prefix: string) => string | null;
}

interface Library {
  parse(expression: string): { evaluate(options: EvaluateOptions): Value };
  readonly XNumber: new (...given: never[]) => object;
  readonly XBoolean: new (...given: never[]) => object;
}

interface Tree {
  /** null: it is not well-formed. */
  readonly document: Document | null;
  readonly isHtml: boolean;
  readonly namespaces: ReadonlyMap<string, string>;
}

/**
 * Loads the reading of answers by XPath 1.0. Prefixes are those that the document itself declares; a name without one
 * means any namespace. A match is the text of a node, or the number, text or boolean that the expression gives.
 */
export async function loadXpath(): Promise<CompileMarkup> {
  const parseTree = await createTreeParser();
  const library = require("xpath") as Library;

  const treeOf = keepTrees((result): Tree => {
    const { text, isHtml } = readMarkup(result);
    const document = parseTree(text, isHtml);
    const namespaces = new Map<string, string>();
    if (document !== null) {
      checkDepth<Node>(document, childrenOf);
      keepOrder(document);
      if (!isHtml) collectNamespaces(document, namespaces);
    }
    return { document, isHtml, namespaces };
  });

  function evaluate(expression: ReturnType<Library["parse"]>, { document, isHtml, namespaces }: Tree): unknown {
    if (document === null) return undefined;
    try {
      const value = expression.evaluate({
        node: document,
        isHtml,
        allowAnyNamespaceForNoPrefix: true,
        namespaces: (prefix) => namespaces.get(prefix) ?? null,
      });
      if (value.toArray !== undefined) return value.toArray();
      if (value instanceof library.XNumber) return value.numberValue();
      return value instanceof library.XBoolean ? value.booleanValue() : value.stringValue();
    } catch {
      // A prefix that this document does not declare.
      return undefined;
    }
  }

  const empty = parseTree("<a/>", false);

  return (path) => {
    let expression: ReturnType<Library["parse"]>;
    try {
      expression = library.parse(path);
      if (empty !== null) {
        expression.evaluate({
          node: empty,
          isHtml: false,
          allowAnyNamespaceForNoPrefix: true,
          namespaces: () => "any",
        });
      }
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new EngineError("invalid_workflow", `the XPath \`${path}\` is not valid: ${why}`, { cause });
    }
    return {
      first(result) {
        const found = evaluate(expression, treeOf(result));
        if (!Array.isArray(found)) return found;
        return found.length === 0 ? undefined : textOf(found[0] as Node);
      },
      all(result) {
        const found = evaluate(expression, treeOf(result));
        if (Array.isArray(found)) return (found as Node[]).map(textOf);
        return found === undefined ? [] : [found];
      },
    };
  };
}

function textOf(node: Node): string {
  return (node.nodeType === node.ATTRIBUTE_NODE ? node.nodeValue : node.textContent) ?? "";
}

/** All declarations of a document; of a prefix that means several things, the outermost. */
function collectNamespaces(document: Document, found: Map<string, string>): void {
  for (const element of document.getElementsByTagName("*")) {
    for (const { name, value } of element.attributes) {
      const prefix = name.startsWith("xmlns:") ? name.slice("xmlns:".length) : null;
      if (prefix !== null && !found.has(prefix)) found.set(prefix, value);
    }
  }
}

function* childrenOf(node: Node): Iterable<Node> {
  for (let child = node.firstChild; child !== null; child = child.nextSibling) yield child;
}

/** As the DOM has them. */
const follows = 4;
const precedes = 2;

/**
 * Numbers all nodes, so that two of them are compared at once: the tree's own way counts siblings, and the library
 * compares with each match what it has found.
 */
function keepOrder(document: Document): void {
  const order = new Map<Node, number>();
  const compare = function (this: Node, other: Node): number {
    const own = order.get(this) ?? 0;
    const its = order.get(other) ?? 0;
    if (own === its) return 0;
    return own < its ? follows : precedes;
  };
  const number = (node: Node): void => {
    order.set(node, order.size);
    node.compareDocumentPosition = compare;
  };
  for (let node: Node | null = document; node !== null; node = nextOf(node)) {
    number(node);
    if ("attributes" in node) for (const attribute of (node as Element).attributes) number(attribute);
  }
}

/** The next one in document order. */
function nextOf(node: Node): Node | null {
  if (node.firstChild !== null) return node.firstChild;
  for (let at: Node | null = node; at !== null; at = at.parentNode) {
    if (at.nextSibling !== null) return at.nextSibling;
  }
  return null;
}
