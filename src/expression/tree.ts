/** An expression as read. `at` is an index into the text it came from. */
export type Tree =
  | Literal
  | NameTree
  | MemberTree
  | { readonly kind: "list"; readonly items: readonly Tree[]; readonly at: number }
  | { readonly kind: "unary"; readonly operator: UnaryOperator; readonly operand: Tree; readonly at: number }
  | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: Tree;
      readonly right: Tree;
      readonly at: number;
    }
  | { readonly kind: "conditional"; readonly test: Tree; readonly yes: Tree; readonly no: Tree; readonly at: number }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Tree[]; readonly at: number }
  | JoinTree;

export interface Literal {
  readonly kind: "literal";
  readonly value: null | boolean | number | bigint | string;
  readonly at: number;
}

export interface NameTree {
  readonly kind: "name";
  readonly name: string;
  readonly at: number;
}

/** A quoted text with `${…}` inside; the positions in `parts` are indices into `text`. */
export interface JoinTree {
  readonly kind: "join";
  readonly text: string;
  readonly parts: readonly (string | Tree)[];
  readonly at: number;
}

/** `of.key` or `of[key]`. */
export interface MemberTree {
  readonly kind: "member";
  readonly of: Tree;
  readonly key: Tree;
  readonly at: number;
}

export type UnaryOperator = "!" | "-";

export type BinaryOperator =
  | "??"
  | "||"
  | "&&"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "in"
  | "matches"
  | "+"
  | "-"
  | "*"
  | "/"
  | "%";

/** A root name with the constant part of the path behind it. */
export interface Reference {
  readonly root: string;
  readonly path: string[];
}

/** The path as people write it, for messages; other expressions become `the value`. */
export function printPath(tree: Tree): string {
  if (tree.kind === "name") return tree.name;
  if (tree.kind !== "member") return "the value";
  const key = tree.key;
  if (key.kind !== "literal") return `${printPath(tree.of)}[…]`;
  if (typeof key.value !== "string") return `${printPath(tree.of)}[${String(key.value)}]`;
  return /^[\p{L}_][\p{L}\p{M}\p{N}_]*$/u.test(key.value)
    ? `${printPath(tree.of)}.${key.value}`
    : `${printPath(tree.of)}[${JSON.stringify(key.value)}]`;
}

/** The root name and its keys up to the first computed one; null: the tree is no path of a name. */
export function readReference(tree: Tree): Reference | null {
  if (tree.kind === "name") return { root: tree.name, path: [] };
  if (tree.kind !== "member") return null;
  const reference = readReference(tree.of);
  if (reference === null) return null;
  if (tree.key.kind === "literal" && keyCount(tree.of) === reference.path.length)
    reference.path.push(String(tree.key.value));
  return reference;
}

function keyCount(tree: Tree): number {
  return tree.kind === "member" ? 1 + keyCount(tree.of) : 0;
}

/** Adds every reference in the tree, those in computed keys included. */
export function collectReferences(tree: Tree, into: Reference[]): void {
  switch (tree.kind) {
    case "literal":
      return;
    case "name":
    case "member":
      return collectPath(tree, into);
    case "list":
      for (const item of tree.items) collectReferences(item, into);
      return;
    case "unary":
      return collectReferences(tree.operand, into);
    case "binary":
      collectReferences(tree.left, into);
      return collectReferences(tree.right, into);
    case "conditional":
      collectReferences(tree.test, into);
      collectReferences(tree.yes, into);
      return collectReferences(tree.no, into);
    case "call":
      for (const arg of tree.args) collectReferences(arg, into);
      return;
    case "join":
      for (const part of tree.parts) if (typeof part !== "string") collectReferences(part, into);
      return;
  }
}

function collectPath(tree: NameTree | MemberTree, into: Reference[]): void {
  const reference = readReference(tree);
  if (reference !== null) into.push(reference);
  let rest: Tree = tree;
  while (rest.kind === "member") {
    if (rest.key.kind !== "literal") collectReferences(rest.key, into);
    rest = rest.of;
  }
  if (reference === null) collectReferences(rest, into);
}
