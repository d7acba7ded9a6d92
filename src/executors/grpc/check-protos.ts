import type { Root } from "protobufjs";
import type { Json } from "../../protocol/json.ts";
import type { SpecContext } from "../../protocol/step-spec.ts";
import { findMethod } from "./find-method.ts";
import type { ProtoFile } from "./grpc-config.ts";
import { MessageProblem, readMessage } from "./json-to-message.ts";
import { parseProtos, type ProtoText } from "./parse-protos.ts";

/** The types of the protos of a step, and which files they are. */
export interface CollectedProtos {
  readonly root: Root;
  readonly files: readonly ProtoFile[];
}

type Desk = Pick<SpecContext, "readFile" | "useFile" | "hasFile" | "report">;

/** Reads the named protos and what they import, and keeps them at hand for the run; null: not possible, reported at `proto`. */
export function collectProtos(
  named: readonly string[],
  importPaths: readonly string[],
  desk: Desk,
): CollectedProtos | null {
  const files: ProtoFile[] = [];
  const folders = [...importPaths, ...named.map((name) => name.slice(0, name.lastIndexOf("/") + 1)), ""];
  const take = (name: string, file: string): ProtoText | null => {
    const used = desk.useFile(["proto"], file);
    const text = used === null ? null : desk.readFile(["proto"], file);
    if (used === null || text === null) return null;
    files.push({ name, file: used });
    return { name, text };
  };
  /** What an import would name a file that `proto` names. */
  const nameOf = (file: string): string => {
    const folder = importPaths.map(asFolder).find((path) => path !== "" && file.startsWith(path));
    return folder === undefined ? file : file.slice(folder.length);
  };
  const texts = named.map((file) => take(nameOf(file), file));
  const known = texts.filter((text) => text !== null);
  if (known.length < texts.length) return null;
  try {
    const root = parseProtos(known, (name) => {
      const candidates = folders.map((folder) => asFolder(folder) + name);
      const file = candidates.find((candidate) => desk.hasFile(candidate));
      return file === undefined ? null : take(name, file);
    });
    return { root, files };
  } catch (error) {
    desk.report(["proto"], error instanceof Error ? error.message : String(error));
    return null;
  }
}

/** Reports what the method or its messages cannot be. */
export function checkMessages(
  root: Root,
  step: {
    readonly service: string;
    readonly method: string;
    readonly messages: readonly Json[];
    readonly isList: boolean;
  },
  report: SpecContext["report"],
): void {
  let method;
  try {
    method = findMethod(root, step.service, step.method);
  } catch (error) {
    report(["method"], error instanceof Error ? error.message : String(error));
    return;
  }
  if (step.isList && !method.takesMany) {
    report(["messages"], `\`${step.method}\` takes one message; write \`message\``);
  }
  for (const [at, message] of step.messages.entries()) {
    try {
      readMessage(method.request, message, { root, mode: "check" });
    } catch (error) {
      if (!(error instanceof MessageProblem)) throw error;
      report([...(step.isList ? ["messages", at] : ["message"]), ...error.path], error.message);
    }
  }
}

/** Empty, or with a slash at the end. */
function asFolder(path: string): string {
  const bare = path.replace(/^\.\//, "").replace(/\/$/, "");
  return bare === "" || bare === "." ? "" : `${bare}/`;
}
