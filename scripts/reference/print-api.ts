import { describeType, listFields } from "../../src/master/api/document/describe-type.ts";
import type { Content, OpenApiDocument, Operation } from "../../src/master/api/document/open-api.ts";
import type { JsonObject } from "../../src/protocol/json.ts";
import type { Language } from "./language.ts";
import { code, printParts, printTable } from "./markdown.ts";

interface Listed {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

/** The reference of the API's document. Aliases are named at what they stand for. */
export function printApi(document: OpenApiDocument, language: Language): string {
  const { tags, paths, components } = document;
  const { say } = language;
  const all: Listed[] = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const aliases = new Map(
    all.flatMap(({ path, operation: { operationId } }) =>
      operationId.endsWith("Alias") ? [[operationId.slice(0, -5), path] as const] : [],
    ),
  );
  const calls = all.filter(({ operation }) => !operation.operationId.endsWith("Alias"));
  const sections = tags.flatMap(({ name, description }) => [
    `### ${name}`,
    say(description),
    ...calls
      .filter(({ operation }) => operation.tags.includes(name))
      .map((call) => printCall(call, aliases.get(call.operation.operationId), language)),
  ]);
  const overview = printTable(
    [say("call"), say("role"), say("what it does")],
    calls.map(({ method, path, operation }) => [
      code(`${method} ${path}`),
      printRole(operation),
      say(operation.summary),
    ]),
  );
  const schemas = Object.entries(components.schemas).map(([name, schema]) => printSchema(name, schema, language));
  return `${printParts([overview, ...sections, `### ${say("Values")}`, ...schemas])}\n`;
}

function printCall({ path, method, operation }: Listed, alias: string | undefined, language: Language): string {
  const { say, sayType, stop } = language;
  const { summary, description, parameters, requestBody, responses } = operation;
  const also = alias === undefined ? "" : endSentence(`${say("Also:")} ${code(alias)}`, stop);
  const answers = Object.entries(responses).filter(([status]) => Number(status) < 400 || status === "503");
  const errors = Object.entries(responses).filter(([status]) => Number(status) >= 400);
  return printParts([
    `#### ${code(`${method} ${path}`)}`,
    endSentence(`${endSentence(say(summary), stop)}${say("Role:")} ${printRole(operation)}`, stop) + also,
    description === undefined ? "" : say(description),
    printTable(
      [say("parameter"), say("in"), say("type"), ""],
      parameters.map((each) => [
        code(each.name),
        say(each.in),
        sayType(describeType(each.schema)),
        say(each.description ?? ""),
      ]),
    ),
    printTable(
      [say("body"), say("type")],
      listContent(requestBody?.content ?? {}).map(([type, shown]) => [code(type), sayType(shown)]),
    ),
    printTable(
      [say("answer"), "", say("type")],
      answers
        .filter(([, { description: text }]) => !text.startsWith("`"))
        .map(([status, response]) => [
          code(status),
          say(response.description),
          listContent(response.content ?? {})
            .map(([type, shown]) => (type === "application/json" ? sayType(shown) : code(type)))
            .join(", "),
        ]),
    ),
    `${say("Errors:")} ${errors
      .filter(([, { description: text }]) => text.startsWith("`"))
      .map(([status, response]) => `${status} ${response.description}`)
      .join(" · ")}`,
  ]);
}

function endSentence(text: string, stop: string): string {
  return /[?？.。]$/.test(text) ? `${text} ` : `${text}${stop}`;
}

function printRole(operation: Operation): string {
  const { "x-role": role, "x-admin-parameters": flags = [] } = operation;
  return `${code(role)}${flags.map((flag) => `; ${code(flag)}: ${code("admin")}`).join("")}`;
}

function printSchema(name: string, schema: JsonObject, { say, sayType, stop }: Language): string {
  const { description } = schema;
  const fields = listFields(schema).map(([field, inner, needed]) => [
    `${code(field)}${needed ? "" : "?"}`,
    sayType(describeType(inner)),
    typeof inner["description"] === "string" ? say(inner["description"]) : "",
  ]);
  return printParts([
    `#### ${name}`,
    typeof description === "string" ? endSentence(say(description), stop) : "",
    fields.length === 0 ? sayType(describeType(schema)) : printTable([say("field"), say("type"), ""], fields),
  ]);
}

function listContent(content: Content): [type: string, shown: string][] {
  return Object.entries(content).map(([type, { schema }]) => [type, describeType(schema)]);
}
