import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { createDocument } from "../../src/master/api/document/create-document.ts";
import { createRouteMatcher } from "../../src/master/api/match-route.ts";
import { routes } from "../../src/master/api/routes.ts";

export const apiDocument = createDocument(routes, "0.0.0");
const { components } = apiDocument;
const matchPath = createRouteMatcher(routes);
// A schema's references are looked up below it.
const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true, strictTuples: false, keywords: ["components"] });
formats.default(ajv);
const checks = new Map<string, ValidateFunction>();

export interface SeenAnswer {
  readonly status: number;
  /** The Content-Type. */
  readonly type: string;
  /** The value of JSON, else the text. */
  readonly body: unknown;
}

/** Throws where an answer is not as the API's document says of its call; for any other path it must be an error. */
export function checkAnswer(method: string, path: string, answer: SeenAnswer): void {
  const { status, type, body } = answer;
  if (method === "HEAD" || method === "OPTIONS") return;
  const told = `${method} ${path.slice(0, 120)}: ${status} ${JSON.stringify(body)?.slice(0, 300)}`;
  const matched = matchPath(path.split("?", 1)[0] ?? "");
  const route = matched.find((each) => each.route.method === method)?.route;
  if (route === undefined) {
    const expected = matched.length > 0 ? [405] : [404];
    // What the router cannot decode, or a rule refuses, comes before the path is looked at.
    if (![...expected, 400, 401, 403, 429].includes(status))
      throw new Error(`not a status of an unknown call: ${told}`);
    return check("Error", { $ref: "#/components/schemas/Error" }, body, told);
  }
  const url = route.url.replace(/:(\w+)/g, "{$1}");
  const response = apiDocument.paths[url]?.[method.toLowerCase()]?.responses[status];
  if (response === undefined) throw new Error(`a status that the document does not have: ${told}`);
  const media = type.split(";", 1)[0] ?? "";
  const schema = response.content?.[media]?.schema;
  if (schema === undefined) throw new Error(`\`${type}\` is no Content-Type of the document: ${told}`);
  check(`${method} ${url} ${status} ${media}`, schema, body, told);
}

/** Throws where a message of a stream is not as the API's document says. */
export function checkMessage(message: unknown): void {
  check("StreamMessage", { $ref: "#/components/schemas/StreamMessage" }, message, JSON.stringify(message));
}

function check(name: string, schema: object, value: unknown, told: string): void {
  const known = checks.get(name) ?? ajv.compile({ ...schema, components });
  checks.set(name, known);
  if (known(value)) return;
  const errors = known.errors?.map(({ instancePath, message, params }) => {
    return `${instancePath} ${message ?? ""} ${JSON.stringify(params)}`;
  });
  throw new Error(`not as the document says: ${told}\n${errors?.join("\n") ?? ""}`);
}
