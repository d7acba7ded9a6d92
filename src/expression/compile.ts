import { isTrue } from "./compare.ts";
import { functions } from "./functions.ts";
import { fakeNames } from "./fake-names.ts";
import type { Language } from "./language.ts";
import type { Names } from "./names.ts";
import { negate, operations } from "./operations.ts";
import { compilePattern, testPattern } from "./pattern.ts";
import { readIndexed, readMember, readNamed } from "./read-member.ts";
import { syntaxError } from "./template-error.ts";
import { missingError, toText, tooLong, maxTextLength } from "./text.ts";
import type { BinaryOperator, MemberTree, NameTree, Tree } from "./tree.ts";
import { printPath, readReference } from "./tree.ts";

/** A compiled expression. */
export type Read<Scope> = (scope: Scope) => unknown;

/** What compiling looks at: the text for positions, the names, the ports. */
export interface CompileContext<Scope> {
  readonly text: string;
  readonly names: Names<Scope>;
  readonly language: Language;
}

/**
 * Tree -> closure. A name without a value is an error when read, except where its absence is a question: left of `??`,
 * beside `== null` and `!= null`, and where only its truth counts. A missing member of a value that is there reads as undefined.
 * Throws EngineError `template` for unknown names and functions.
 */
export function compileTree<Scope>(tree: Tree, context: CompileContext<Scope>): Read<Scope> {
  switch (tree.kind) {
    case "literal": {
      const value = tree.value;
      return () => value;
    }
    case "name":
    case "member":
      return compilePath(tree, context, true);
    case "list": {
      const items = tree.items.map((item) => compileTree(item, context));
      return (scope) => items.map((item) => item(scope));
    }
    case "unary": {
      if (tree.operator === "!") {
        const test = compileTest(tree.operand, context);
        return (scope) => !test(scope);
      }
      const operand = compileValue(tree.operand, context);
      return (scope) => negate(operand(scope));
    }
    case "binary":
      return compileBinary(tree.operator, tree.left, tree.right, context);
    case "conditional": {
      const test = compileTest(tree.test, context);
      const yes = compileTree(tree.yes, context);
      const no = compileTree(tree.no, context);
      return (scope) => (test(scope) ? yes(scope) : no(scope));
    }
    case "call":
      return compileCall(tree.name, tree.args, tree.at, context);
    default:
      return compileParts(tree.parts, { text: tree.text, names: context.names, language: context.language });
  }
}

/** Only the truth of the tree's value: names without a value are false. */
export function compileTest<Scope>(tree: Tree, context: CompileContext<Scope>): (scope: Scope) => boolean {
  const value = compileOptional(tree, context);
  return (scope) => isTrue(value(scope));
}

/** The joined text of a template's parts. */
export function compileParts<Scope>(
  parts: readonly (string | Tree)[],
  context: CompileContext<Scope>,
): (scope: Scope) => string {
  const pieces = parts.map((part) => (typeof part === "string" ? part : compileText(part, context)));
  return (scope) => {
    let text = "";
    for (const piece of pieces) {
      text += typeof piece === "string" ? piece : piece(scope);
      if (text.length > maxTextLength) throw tooLong();
    }
    return text;
  };
}

/** The tree's value as text; undefined is an error that names it. */
export function compileText<Scope>(tree: Tree, context: CompileContext<Scope>): (scope: Scope) => string {
  const value = compileTree(tree, context);
  const name = printPath(tree);
  return (scope) => {
    const result = value(scope);
    return typeof result === "string" ? result : toText(result, name);
  };
}

/** As compileTree, but a name without a value reads as undefined. */
function compileOptional<Scope>(tree: Tree, context: CompileContext<Scope>): Read<Scope> {
  return tree.kind === "name" || tree.kind === "member"
    ? compilePath(tree, context, false)
    : compileTree(tree, context);
}

/** As compileTree, but a missing member is an error that names it, too: operators and functions work on values. */
function compileValue<Scope>(tree: Tree, context: CompileContext<Scope>): Read<Scope> {
  const value = compileTree(tree, context);
  if (tree.kind !== "member") return value;
  const name = printPath(tree);
  return (scope) => {
    const found = value(scope);
    if (found === undefined) throw missingError(name);
    return found;
  };
}

function compilePath<Scope>(
  tree: NameTree | MemberTree,
  context: CompileContext<Scope>,
  required: boolean,
): Read<Scope> {
  if (tree.kind === "name") return compileName(tree, tree, context, required);
  return compileMember(tree, tree, context, required);
}

/** `whole` is the outermost path, whose constant part `resolve` gets. */
function compileMember<Scope>(
  tree: MemberTree,
  whole: MemberTree,
  context: CompileContext<Scope>,
  required: boolean,
): Read<Scope> {
  const of =
    tree.of.kind === "member"
      ? compileMember(tree.of, whole, context, required)
      : tree.of.kind === "name"
        ? compileName(tree.of, whole, context, required)
        : compileTree(tree.of, context);
  if (tree.key.kind === "literal") {
    const key = tree.key.value;
    if (typeof key === "string") return (scope) => readNamed(of(scope), key);
    if (typeof key === "number") return (scope) => readIndexed(of(scope), key);
    return (scope) => readMember(of(scope), key);
  }
  const key = compileTree(tree.key, context);
  return (scope) => readMember(of(scope), key(scope));
}

function compileName<Scope>(
  tree: NameTree,
  whole: NameTree | MemberTree,
  context: CompileContext<Scope>,
  required: boolean,
): Read<Scope> {
  const value = context.names.resolve(tree.name, readReference(whole)?.path ?? [], required);
  if (value === undefined) {
    throw syntaxError(context.text, tree.at, `\`${printPath(whole)}\` is not known${hintAt(tree, context.text)}`);
  }
  if (!required) return value;
  const name = tree.name;
  return (scope) => {
    const found = value(scope);
    if (found === undefined) throw missingError(name);
    return found;
  };
}

function hintAt(tree: NameTree, text: string): string {
  if (functions.has(tree.name)) return `; the function is called ${tree.name}()`;
  return /[\p{L}\p{N}_]-$/u.test(text.slice(0, tree.at))
    ? '; a name with a dash is written ["a-b"], behind steps for a step'
    : "";
}

function compileBinary<Scope>(
  operator: BinaryOperator,
  left: Tree,
  right: Tree,
  context: CompileContext<Scope>,
): Read<Scope> {
  switch (operator) {
    case "??": {
      const first = compileOptional(left, context);
      const second = compileOptional(right, context);
      return (scope) => first(scope) ?? second(scope);
    }
    case "&&": {
      const first = compileOptional(left, context);
      const second = compileOptional(right, context);
      return (scope) => {
        const value = first(scope);
        return isTrue(value) ? second(scope) : value;
      };
    }
    case "||": {
      const first = compileOptional(left, context);
      const second = compileOptional(right, context);
      return (scope) => {
        const value = first(scope);
        return isTrue(value) ? value : second(scope);
      };
    }
    default:
      return compileOperation(operator, left, right, context);
  }
}

function compileOperation<Scope>(
  operator: Exclude<BinaryOperator, "??" | "&&" | "||">,
  left: Tree,
  right: Tree,
  context: CompileContext<Scope>,
): Read<Scope> {
  if (operator === "matches" && right.kind === "literal" && typeof right.value === "string") {
    return compileMatch(left, right.value, right.at, context);
  }
  const operation = operations[operator];
  const compile = comparisons.has(operator)
    ? isNull(left) || isNull(right)
      ? compileOptional
      : compileTree
    : compileValue;
  const first = compile(left, context);
  const second = compile(right, context);
  return (scope) => operation(first(scope), second(scope));
}

const comparisons: ReadonlySet<BinaryOperator> = new Set(["==", "!=", "<", "<=", ">", ">="]);

function isNull(tree: Tree): boolean {
  return tree.kind === "literal" && tree.value === null;
}

function compileMatch<Scope>(left: Tree, source: string, at: number, context: CompileContext<Scope>): Read<Scope> {
  const pattern = compileAt(context, at, () => compilePattern(source));
  const text = compileText(left, context);
  return (scope) => testPattern(pattern, text(scope));
}

function hintAtFake(name: string): string {
  return name.startsWith("faker.") ? `; faker has ${fakeNames.join(", ")}` : "";
}

function compileAt<Scope, Result>(context: CompileContext<Scope>, at: number, compile: () => Result): Result {
  try {
    return compile();
  } catch (error) {
    throw syntaxError(context.text, at, (error as Error).message);
  }
}

function compileCall<Scope>(
  name: string,
  args: readonly Tree[],
  at: number,
  context: CompileContext<Scope>,
): Read<Scope> {
  const spec = functions.get(name);
  if (spec === undefined) throw syntaxError(context.text, at, `there is no function ${name}()${hintAtFake(name)}`);
  if (args.length < spec.least || args.length > spec.most) {
    const wanted = spec.least === spec.most ? `${spec.least}` : `${spec.least} to ${spec.most}`;
    throw syntaxError(context.text, at, `${name}() takes ${wanted} arguments, not ${args.length}`);
  }
  const reads = args.map((arg) => compileValue(arg, context));
  const { call } = spec;
  const { language } = context;
  return (scope) =>
    call(
      reads.map((value) => value(scope)),
      language,
    );
}
