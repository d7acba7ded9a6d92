import type { Root } from "protobufjs";
import { findStandardProto, loadProtobuf } from "./load-protobuf.ts";

/** A proto that is at hand. */
export interface ProtoText {
  /** As imports name it. */
  readonly name: string;
  readonly text: string;
}

/** More than the protos of any service. */
const mostFiles = 1_000;
const mostCharacters = 16 * 1024 * 1024;

/**
 * Parses protos and all that they import, each once, into one set of types. `find` gives what an import means; null: it
 * is not there. Throws an Error that says which file is wrong, and how.
 */
export function parseProtos(named: readonly ProtoText[], find: (name: string) => ProtoText | null): Root {
  const { Root, parse } = loadProtobuf();
  const root = new Root();
  const seen = new Set(named.map(({ name }) => name));
  const waiting = [...named];
  let characters = 0;
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { name, text } = next;
    characters += text.length;
    if (seen.size > mostFiles) throw new Error(`more than ${mostFiles} protos are imported`);
    if (characters > mostCharacters) throw new Error("the protos together are larger than 16 MiB");
    const { imports = [], weakImports = [] } = attempt(`\`${name}\``, () => parse(text, root, { keepCase: true }));
    for (const wanted of [...imports, ...weakImports]) {
      if (seen.has(wanted)) continue;
      seen.add(wanted);
      const standard = findStandardProto(wanted);
      const found = standard === null ? find(wanted) : null;
      if (standard !== null) root.addJSON(standard.nested ?? {});
      else if (found !== null) waiting.push(found);
      else throw new Error(`\`${name}\` imports \`${wanted}\`, which is not there; add its folder to import_paths`);
    }
  }
  attempt("the protos", () => root.resolveAll());
  return root;
}

/** A text can be nested too deep for the parser: a RangeError. */
function attempt<Result>(what: string, task: () => Result): Result {
  try {
    return task();
  } catch (error) {
    throw new Error(`${what} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
