import { parseJson } from "../http/parse-json.ts";
import type { Json, JsonObject } from "../protocol/json.ts";
import type { DriverAnswer } from "./driver-result.ts";

/** A message as a step's result shows it. */
export interface ShownMessage {
  text(): string;
  /** What is told of it besides its text. */
  about(): JsonObject;
}

/**
 * What a step gives that took messages: `{data, json, …, messages: [{data, json, …}], count}`, the first members being
 * the last message's. Assertions look at the message, or where the step wanted several at all of them: as a list of
 * JSON values, or as texts with line ends between. Made when somebody looks.
 */
export function showReceived(messages: readonly ShownMessage[], isOne: boolean): DriverAnswer {
  let shown: readonly JsonObject[] | null = null;
  const show = () => (shown ??= messages.map((message) => showMessage(message)));
  return {
    get output() {
      return { ...show().at(-1), messages: show(), count: messages.length };
    },
    get json() {
      const values = show().map(({ json }) => json);
      return isOne ? values[0] : values;
    },
    text: () => messages.map((message) => message.text()).join("\n"),
  };
}

function showMessage(message: ShownMessage): JsonObject {
  const data = message.text();
  const json = parseJson(data) as Json | undefined;
  return { data, ...(json === undefined ? {} : { json }), ...message.about() };
}
