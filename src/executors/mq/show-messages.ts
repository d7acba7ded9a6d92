import type { DriverAnswer } from "../../driver/driver-result.ts";
import { parseJson } from "../../http/parse-json.ts";
import type { Json, JsonObject } from "../../protocol/json.ts";
import type { BrokerMessage } from "./broker.ts";
import type { MqEncoding } from "./mq-config.ts";

/** What a consume step gives: `{messages: [{body, json, key, headers, …}], count}`. Made when somebody looks. */
export class ConsumedMessages implements DriverAnswer {
  readonly #messages: readonly BrokerMessage[];
  readonly #encoding: MqEncoding;
  #shown: JsonObject | null = null;

  constructor(messages: readonly BrokerMessage[], encoding: MqEncoding) {
    this.#messages = messages;
    this.#encoding = encoding;
  }

  get output(): JsonObject {
    this.#shown ??= {
      messages: this.#messages.map((message) => showMessage(message, this.#encoding)),
      count: this.#messages.length,
    };
    return this.#shown;
  }

  get json(): JsonObject {
    return this.output;
  }

  text(): string {
    return this.#messages.map(({ body }) => readBody(body, this.#encoding)).join("\n");
  }
}

/** What a publish step gives: what the broker confirmed. */
export class Confirmation implements DriverAnswer {
  readonly output: JsonObject;

  constructor(confirmed: JsonObject) {
    this.output = confirmed;
  }

  get json(): JsonObject {
    return this.output;
  }

  text(): string {
    return JSON.stringify(this.output);
  }
}

function showMessage({ body, key, headers, about }: BrokerMessage, encoding: MqEncoding): JsonObject {
  const text = readBody(body, encoding);
  const json = encoding === "text" ? (parseJson(text) as Json | undefined) : undefined;
  return { ...about, body: text, ...(json === undefined ? {} : { json }), key, headers };
}

function readBody(body: Buffer, encoding: MqEncoding): string {
  return body.toString(encoding === "text" ? "utf8" : "base64");
}
