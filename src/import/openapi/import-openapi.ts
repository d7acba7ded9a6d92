import type { Json, JsonObject } from "../../protocol/json.ts";
import { asList, asObject, asText } from "../../protocol/json-values.ts";
import { createDraft, type Draft } from "../draft.ts";
import { refuseUrl } from "../globs.ts";
import type { Imported, ImportOptions } from "../importer.ts";
import { notOfFormat, readYamlSource } from "../read-source-value.ts";
import { escapeTemplate } from "../template-text.ts";
import { writeOperation } from "./operation-step.ts";
import { resolveObject } from "./references.ts";

const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"] as const;

/** Reads OpenAPI 3.0 and 3.1 and Swagger 2, YAML or JSON: a step for each operation. Nothing is ever fetched. */
export function importOpenapi(text: string, options: ImportOptions): Imported {
  const root = readYamlSource(text, "OpenAPI description");
  const version = asText(root["openapi"]) ?? asText(root["swagger"]) ?? "";
  if (!/^(?:3\.|2(?:\.|$))/.test(version))
    throw notOfFormat("OpenAPI description", "`openapi: 3.x` or `swagger: 2.0` is missing");
  const draft = createDraft();
  const steps: Json[] = [];
  const documentServer = findServer(root, draft);
  for (const [path, given] of Object.entries(asObject(root["paths"]))) {
    const item = resolveObject(root, given, (reference) =>
      draft.leaveOut(`the path ${path}`, reference, "only references within the document are followed"),
    );
    for (const method of methods) {
      const operation = asObject(item[method]);
      if (!Object.hasOwn(item, method)) continue;
      const what = `${method.toUpperCase()} ${path}`;
      const server = serverOf(operation) ?? serverOf(item) ?? documentServer;
      const why = refuseOperation(operation, `${server.replace(/\/$/, "")}${path}`, options);
      if (why !== null) draft.leaveOut(what, "paths", why);
      else if (draft.hasRoom(what, "paths")) {
        const step = writeOperation({ root, server, path, method, item, operation }, draft);
        if (step !== null) steps.push(step);
      }
    }
  }
  if (Object.hasOwn(root, "webhooks")) draft.leaveOut("webhooks", "webhooks", "they are calls that the server makes");
  const name = asText(asObject(root["info"])["title"]) || options.name;
  return draft.finish({ name, options: { on_error: "continue" }, steps });
}

function refuseOperation(operation: JsonObject, url: string, options: ImportOptions): string | null {
  const tags = asList(operation["tags"]).map((tag) => asText(tag) ?? "");
  if (options.tags.length > 0 && !tags.some((tag) => options.tags.includes(tag)))
    return "it has none of the tags asked for";
  return options.include.length + options.exclude.length > 0 ? refuseUrl(url, options) : null;
}

function findServer(root: JsonObject, draft: Draft): string {
  if (Object.hasOwn(root, "swagger")) {
    const scheme =
      asList(root["schemes"])
        .map((each) => asText(each) ?? "")
        .find((each) => /^https?$/.test(each)) ?? "http";
    const host = asText(root["host"]);
    if (host === null) draft.leaveOut("the host", "host", "the description has none; give it with -e base_url=…");
    return escapeTemplate(`${scheme}://${host ?? "localhost"}${asText(root["basePath"]) ?? ""}`);
  }
  const found = serverOf(root);
  if (found !== null) return found;
  const path = asText(asObject(asList(root["servers"])[0])["url"]) ?? "/";
  draft.leaveOut("the server", "servers", "the description names none with its host; give it with -e base_url=…");
  return `http://localhost${path.startsWith("/") ? escapeTemplate(path) : ""}`;
}

/** The first server with a host, its variables filled with their defaults; null: none. */
function serverOf(holder: JsonObject): string | null {
  for (const server of asList(holder["servers"]).map(asObject)) {
    const variables = asObject(server["variables"]);
    const url = (asText(server["url"]) ?? "").replaceAll(
      /\{([^{}]*)\}/g,
      (_all, name: string) => asText(asObject(variables[name])["default"]) ?? "",
    );
    if (/^https?:\/\//i.test(url) && URL.canParse(url)) return escapeTemplate(url);
  }
  return null;
}
