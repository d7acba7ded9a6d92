import type { Json, JsonObject } from "../../protocol/json.ts";
import { decodeText } from "../decode-text.ts";
import type { Draft } from "../draft.ts";
import { writeHttpStep } from "../http-step.ts";
import type { ImportOptions } from "../importer.ts";
import { type BodyFile, type BodyPart, literalBody, type Pair, type RequestBody } from "../request-body.ts";
import { escapeTemplate } from "../template-text.ts";
import type { JmxText } from "./jmx-text.ts";
import type { PlanNode } from "./read-plan.ts";
import { readResources } from "./read-resources.ts";
import type { Scope } from "./scope.ts";

/** A day, ms. */
const longestTime = 86_400_000;

interface Argument {
  readonly name: string;
  readonly value: string;
  readonly encode: boolean;
}

/** The step of an HTTP Request, with all that the plan says around it; null: it cannot be sent. */
export function writeSampler(
  node: PlanNode,
  scope: Scope,
  text: JmxText,
  options: ImportOptions,
  draft: Draft,
): JsonObject | null {
  const where = node.name;
  const read = (name: string): string =>
    node.props.get(`HTTPSampler.${name}`) || scope.defaults.get(`HTTPSampler.${name}`) || "";
  const method = (read("method") || "GET").toUpperCase();
  if (!/^[A-Z]+$/.test(method)) {
    draft.leaveOut(`the request ${where}`, where, `${method} is no method`);
    return null;
  }
  const args = readArguments(node);
  const isRaw =
    node.props.get("HTTPSampler.postBodyRaw") === "true" || (args.length > 0 && args.every(({ name }) => name === ""));
  const base = readAddress(read, text, where);
  const hasBody = !["GET", "HEAD", "OPTIONS"].includes(method) || (isRaw && args.length > 0);
  const files = readFiles(node, text, options, draft);
  const parts = args.map(
    ({ name, value, encode }): Argument => ({
      name: text.template(name, where),
      value: text.template(value, where),
      encode,
    }),
  );
  const body = hasBody ? makeBody(parts, isRaw, files, read("DO_MULTIPART_POST") === "true") : null;
  const query = hasBody
    ? ""
    : parts.map(({ name, value, encode }) => `${name}=${encode ? encodeValue(value) : value}`).join("&");
  const headers: Pair[] = [...scope.headers];
  if (body?.kind === "form" && !headers.some(([name]) => name.toLowerCase() === "content-type"))
    headers.push(["content-type", "application/x-www-form-urlencoded"]);
  const follows = read("follow_redirects") === "true" || read("auto_redirects") === "true";
  const ms = (name: string): number => Math.min(Math.round(Number(read(name)) || 0), longestTime);
  const timeout: JsonObject = {
    ...(ms("connect_timeout") > 0 ? { connect: ms("connect_timeout") } : {}),
    ...(ms("response_timeout") > 0 ? { total: ms("response_timeout") } : {}),
  };
  const { min, max } = scope.pause;
  return writeHttpStep(
    {
      name: where,
      where,
      method,
      url: query === "" ? base : `${base}${base.includes("?") ? "&" : "?"}${query}`,
      headers,
      body,
      config: {
        ...(follows ? {} : { redirect: false }),
        ...(Object.keys(timeout).length > 0 ? { timeout } : {}),
        ...readResources(read, text, where, draft),
      },
      step: {
        ...(scope.extracts.length > 0 ? { extract: scope.extracts } : {}),
        ...(scope.asserts.length > 0 ? { assert: scope.asserts } : {}),
        ...(max > 0 && options.thinkTimes
          ? { think_time: (min === max ? `${min}ms` : { min: `${min}ms`, max: `${max}ms` }) as Json }
          : {}),
      },
    },
    draft,
  );
}

function readAddress(read: (name: string) => string, text: JmxText, where: string): string {
  const path = read("path");
  if (/^https?:\/\//i.test(path)) return text.template(path, where);
  const protocol = text.template(read("protocol") || "http", where);
  const port = read("port");
  const host = text.template(read("domain") || "localhost", where);
  const shown = port === "" || port === "0" ? "" : `:${text.template(port, where)}`;
  return `${protocol}://${host}${shown}${path.startsWith("/") || path === "" ? "" : "/"}${text.template(path, where)}`;
}

function readArguments(node: PlanNode): Argument[] {
  const list = node.parts.get("HTTPsampler.Arguments")?.parts.get("Arguments.arguments")?.items ?? [];
  return list.map(({ props }) => ({
    name: props.get("Argument.name") ?? "",
    value: props.get("Argument.value") ?? "",
    encode: props.get("HTTPArgument.always_encode") === "true",
  }));
}

function readFiles(node: PlanNode, text: JmxText, options: ImportOptions, draft: Draft): BodyPart[] {
  const list = node.parts.get("HTTPsampler.Files")?.parts.get("HTTPFileArgs.files")?.items ?? [];
  return list.flatMap(({ props }): BodyPart[] => {
    const path = props.get("File.path") ?? "";
    const bytes = options.readBytes(path);
    if (bytes === null) draft.leaveOut(`the file ${path}`, node.name, "it is not beside the plan");
    const name = text.template(props.get("File.paramname") ?? "", node.name);
    return bytes === null ? [] : [{ name, content: { name: path, bytes }, type: props.get("File.mimetype") || null }];
  });
}

function makeBody(
  args: readonly Argument[],
  isRaw: boolean,
  files: readonly BodyPart[],
  multipart: boolean,
): RequestBody | null {
  if (files.length > 0 || multipart) {
    const fields = args.map(({ name, value }): BodyPart => ({ name, content: value, type: null }));
    const lone = args.length === 0 && files.length === 1 && files[0]?.name === "" ? files[0].content : null;
    // A lone file without a name is the body itself.
    if (lone !== null && typeof lone === "object") return makeFileBody(lone);
    return { kind: "multipart", parts: [...fields, ...files] };
  }
  if (args.length === 0) return null;
  if (isRaw) return { kind: "text", text: args.map(({ value }) => value).join("") };
  return { kind: "form", fields: args.map(({ name, value, encode }): Pair => [name, encode ? value : decode(value)]) };
}

function makeFileBody(file: BodyFile): RequestBody {
  const text = typeof file.bytes === "string" ? file.bytes : decodeText(file.bytes);
  return text === null ? { kind: "file", file } : literalBody(text);
}

/** What the plan says is encoded already. */
function decode(value: string): string {
  try {
    return value.includes("${") ? value : escapeTemplate(decodeURIComponent(value.replaceAll("+", " ")));
  } catch {
    // It was not encoded after all.
    return value;
  }
}

/** Templates are encoded when they are evaluated. */
function encodeValue(value: string): string {
  return value
    .split(/((?<!\$)\$\{[^}]*\})/)
    .map((part, at) =>
      at % 2 === 1 ? `\${url_encode(${part.slice(2, -1)})}` : encodeURIComponent(part.toWellFormed()),
    )
    .join("");
}
