import { readFileSync } from "node:fs";
import type { Root } from "protobufjs";
import type { FilePaths } from "../../protocol/named-file.ts";
import type { ProtoFile } from "./grpc-config.ts";
import { parseProtos } from "./parse-protos.ts";

/** The types of one thread's grpc steps: each set of protos is parsed once, each server asked once for each service. */
export interface MethodTypes {
  /** Throws an Error that says which file is wrong. */
  ofProtos(protos: readonly ProtoFile[]): Root;
  /** `ask` is called where nobody has asked, or the last who did had no answer. */
  ofServer(key: string, ask: () => Promise<Root>): Promise<Root>;
}

export function createMethodTypes(files: FilePaths): MethodTypes {
  const parsed = new Map<string, Root>();
  const asked = new Map<string, Promise<Root>>();
  return {
    ofProtos(protos) {
      const key = JSON.stringify(protos);
      let root = parsed.get(key);
      if (root === undefined) {
        const texts = protos.map(({ name, file }) => ({ name, text: readFileSync(files.get(file) ?? file, "utf8") }));
        // All that is imported is among them.
        root = parseProtos(texts, () => null);
        parsed.set(key, root);
      }
      return root;
    },
    ofServer(key, ask) {
      const known = asked.get(key);
      if (known !== undefined) return known;
      const asking = ask();
      asked.set(key, asking);
      asking.catch(() => asked.delete(key));
      return asking;
    },
  };
}
