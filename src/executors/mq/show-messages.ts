import type { DriverAnswer } from "../../driver/driver-result.ts";
import { parseJson } from "../../http/parse-json.ts";
import type { Json, JsonObject } from "../../protocol/json.ts";
import type { BrokerMessage } from "./broker.ts";
import type { MqEncoding } from "./mq-config.ts";

/** What a consume step gives: `{messages: [{body, json, key, headers, …}], count}`. Made when somebody looks. */
export function showMessages(messages: readonly BrokerMessage[], encoding: MqEncoding): DriverAnswer {
  let shown: { readonly messages: readonly JsonObject[]; readonly count: number } | null = null;
  const show = () => {
    shown ??= { messages: messages.map((message) => showMessage(message, encoding)), count: messages.length };
    return shown;
  };
  return {
    get output() {
      return show();
    },
    get json() {
      return show();
    },
    text: () => messages.map(({ body }) => readBody(body, encoding)).join("\n"),
  };
}

/** What a publish step gives: what the broker confirmed. */
export function showConfirmation(confirmed: JsonObject): DriverAnswer {
  return { output: confirmed, json: confirmed, text: () => JSON.stringify(confirmed) };
}

function showMessage({ body, key, headers, about }: BrokerMessage, encoding: MqEncoding): JsonObject {
  const text = readBody(body, encoding);
  const json = encoding === "text" ? (parseJson(text) as Json | undefined) : undefined;
  return { ...about, body: text, ...(json === undefined ? {} : { json }), key, headers };
}

function readBody(body: Buffer, encoding: MqEncoding): string {
  return body.toString(encoding === "text" ? "utf8" : "base64");
}
