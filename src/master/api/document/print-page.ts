import type { JsonObject } from "../../../protocol/json.ts";
import { describeType, listFields } from "./describe-type.ts";
import type { Content, OpenApiDocument, Operation } from "./open-api.ts";

/** The API's description as a page of HTML: no script, one style sheet beside it. */
export function printPage(document: OpenApiDocument): string {
  const { info, tags, paths, components } = document;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = tags.map(({ name }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    return `<h2 id="${escape(name)}">${escape(name)}</h2>\n${own.map(printOperation).join("\n")}`;
  });
  const schemas = Object.entries(components.schemas).map(([name, schema]) => printSchema(name, schema));
  const links = [...tags.map(({ name }) => name), "Schemas"].map((name) => `<a href="#${name}">${name}</a>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(info.title)} API ${escape(info.version)}</title>
<link rel="stylesheet" href="/api/docs/style.css">
</head>
<body>
<h1>${escape(info.title)} API</h1>
<p>Version ${escape(info.version)} · <a href="/api/v1/openapi.json">OpenAPI ${escape(document.openapi)}</a></p>
<nav>${links.join("")}</nav>
${info.description
  .split("\n\n")
  .map((text) => `<p>${printText(text)}</p>`)
  .join("\n")}
${sections.join("\n")}
<h2 id="Schemas">Schemas</h2>
${schemas.join("\n")}
</body>
</html>
`;
}

interface Listed {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

function printOperation({ path, method, operation }: Listed): string {
  const { operationId, summary, description, parameters, requestBody, responses } = operation;
  const parts = [
    ...(description === undefined ? [] : [`<p>${printText(description)}</p>`]),
    ...(parameters.length === 0
      ? []
      : [
          printTable(
            ["Parameter", "In", "Type", ""],
            parameters.map(({ name, in: place, schema, description: text = "" }) => [
              code(name),
              place,
              printType(schema),
              printText(text),
            ]),
          ),
        ]),
    ...(requestBody === undefined ? [] : [printTable(["Body", "Type"], listContent(requestBody.content))]),
    printTable(
      ["Answer", "", "Type"],
      Object.entries(responses).map(([status, response]) => [
        code(status),
        printText(response.description),
        listContent(response.content ?? {})
          .map(([, type]) => type)
          .join(" or "),
      ]),
    ),
  ];
  return `<details id="${escape(operationId)}"><summary><span class="method">${method.toUpperCase()}</span> <code>${escape(path)}</code> ${escape(summary)}<span class="role">${escape(operation["x-role"])}</span></summary><div>
${parts.join("\n")}
</div></details>`;
}

function printSchema(name: string, schema: JsonObject): string {
  const { description } = schema;
  const fields = listFields(schema).map(([field, inner, needed]) => [
    `${code(field)}${needed ? "" : "?"}`,
    printType(inner),
    typeof inner["description"] === "string" ? printText(inner["description"]) : "",
  ]);
  const shown = fields.length === 0 ? `<p>${printType(schema)}</p>` : printTable(["Field", "Type", ""], fields);
  const text = typeof description === "string" ? `<p>${printText(description)}</p>` : "";
  return `<details id="schema-${escape(name)}"><summary>${escape(name)}</summary><div>${text}${shown}</div></details>`;
}

function listContent(content: Content): string[][] {
  return Object.entries(content).map(([type, { schema }]) => [code(type), printType(schema)]);
}

function printType(schema: JsonObject): string {
  const marked = describeType(schema, (name) => `\u0001${name}\u0002`);
  return escape(marked).replace(/\u0001([^\u0002]*)\u0002/g, '<a href="#schema-$1">$1</a>');
}

function printTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]) => row.map((cell) => `<${tag}>${cell}</${tag}>`).join("");
  return `<table><tr>${cells("th", head)}</tr>${rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("")}</table>`;
}

/** The only mark of our texts: code. */
function printText(text: string): string {
  return escape(text).replace(/`([^`]*)`/g, "<code>$1</code>");
}

function code(text: string): string {
  return `<code>${escape(text)}</code>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
