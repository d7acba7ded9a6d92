import type { Root } from "protobufjs";
import { EngineError } from "../../errors.ts";
import type { Json } from "../../protocol/json.ts";
import type { Evaluate, StepContext } from "../../protocol/step.ts";
import { listTemplates } from "../../protocol/step-spec.ts";
import { MessageProblem, readMessage } from "./json-to-message.ts";
import type { MessageShape } from "./message-shape.ts";

/**
 * What a step sends, as bytes; what holds no template is encoded once. Throws EngineError `template` when called for what
 * a template made and the type does not take, at once where it holds none.
 */
export function compileMessages(
  messages: readonly Json[],
  shape: MessageShape,
  root: Root,
  templateJson: StepContext["templateJson"],
): Evaluate<readonly Buffer[]> {
  const encode = (value: unknown): Buffer => {
    try {
      const fields = readMessage(shape, value, { root, mode: "filled" });
      return Buffer.from(shape.type.encode(fields).finish());
    } catch (error) {
      if (!(error instanceof MessageProblem)) throw error;
      const place = error.path.length === 0 ? "the message" : `\`${error.path.join(".")}\``;
      throw new EngineError("template", `${place}: ${error.message}`, { cause: error });
    }
  };
  const parts = messages.map((message): Evaluate<Buffer> | Buffer => {
    if (listTemplates(message).length === 0) return encode(message);
    const fill = templateJson(message);
    return (vu) => encode(fill(vu));
  });
  const constant = parts.filter((part) => typeof part !== "function");
  if (constant.length === parts.length) return () => constant;
  return (vu) => parts.map((part) => (typeof part === "function" ? part(vu) : part));
}
