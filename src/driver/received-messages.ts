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
 * JSON values, or as texts with line ends between. Made when somebody looks. A class: an object literal with getters gets
 * a shape of its own each time, which keeps all of them alive until the next full collection.
 */
export class ReceivedMessages<Message> implements DriverAnswer {
  readonly #messages: readonly Message[];
  readonly #show: (message: Message) => ShownMessage;
  readonly #isOne: boolean;
  #shown: readonly JsonObject[] | null = null;

  constructor(messages: readonly Message[], show: (message: Message) => ShownMessage, isOne: boolean) {
    this.#messages = messages;
    this.#show = show;
    this.#isOne = isOne;
  }

  get output(): JsonObject {
    const messages = this.#showAll();
    return { ...messages.at(-1), messages: [...messages], count: messages.length };
  }

  get json(): unknown {
    const values = this.#showAll().map(({ json }) => json);
    return this.#isOne ? values[0] : values;
  }

  text(): string {
    return this.#messages.map((message) => this.#show(message).text()).join("\n");
  }

  #showAll(): readonly JsonObject[] {
    this.#shown ??= this.#messages.map((message) => showMessage(this.#show(message)));
    return this.#shown;
  }
}

function showMessage(message: ShownMessage): JsonObject {
  const data = message.text();
  const json = parseJson(data) as Json | undefined;
  return { data, ...(json === undefined ? {} : { json }), ...message.about() };
}
