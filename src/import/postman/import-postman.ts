import type { Json, JsonObject } from "../../protocol/json.ts";
import { asList, asObject, asText } from "../../protocol/json-values.ts";
import { createDraft, type Draft } from "../draft.ts";
import { refuseUrl } from "../globs.ts";
import { writeHttpStep } from "../http-step.ts";
import type { Imported, ImportOptions } from "../importer.ts";
import { notOfFormat, readJsonSource } from "../read-source-value.ts";
import type { Pair } from "../request-body.ts";
import { readPostmanAuth } from "./postman-auth.ts";
import { readPostmanBody } from "./postman-body.ts";
import { readPostmanScript } from "./postman-script.ts";
import { createPostmanText } from "./postman-text.ts";

/** What a folder hands down to what is in it. */
interface Inherited {
  readonly auth: Json | undefined;
  /** Scripts before and after each request, the outer ones first. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly where: string;
}

/** Reads Postman collections 2.0 and 2.1: folders become groups, variables variables, scripts hooks where the sandbox has what they use. */
export function importPostman(text: string, options: ImportOptions): Imported {
  const source = readJsonSource(text, "Postman collection");
  const collection = Object.hasOwn(source, "collection") ? asObject(source["collection"]) : source;
  if (!Array.isArray(collection["item"])) throw notOfFormat("Postman collection", "there is no list `item`");
  const info = asObject(collection["info"]);
  if (/v1\./.test(asText(info["schema"]) ?? ""))
    throw notOfFormat("Postman collection 2.0 or 2.1", "its schema is of version 1; export it anew");
  const draft = createDraft();
  for (const variable of asList(collection["variable"]).map(asObject)) {
    const name = asText(variable["key"]) ?? asText(variable["id"]) ?? "";
    if (name !== "" && variable["disabled"] !== true)
      draft.define(name, createPostmanText(draft)(asText(variable["value"]) ?? ""));
  }
  const top = inherit(collection, { auth: undefined, before: [], after: [], where: "" }, draft);
  const steps = writeItems(collection["item"] as readonly Json[], top, options, draft);
  return draft.finish({ name: asText(info["name"]) || options.name, steps });
}

function inherit(holder: JsonObject, outer: Inherited, draft: Draft): Inherited {
  const where =
    outer.where === "" ? (asText(holder["name"]) ?? "") : `${outer.where} / ${asText(holder["name"]) ?? ""}`;
  const { before, after } = readPostmanScript(asList(holder["event"]), where || "the collection", draft);
  const auth = holder["auth"] === null || holder["auth"] === undefined ? outer.auth : holder["auth"];
  return { auth, before: [...outer.before, ...before], after: [...outer.after, ...after], where };
}

function writeItems(items: readonly Json[], outer: Inherited, options: ImportOptions, draft: Draft): Json[] {
  return items.map(asObject).flatMap((item): Json[] => {
    const inner = inherit(item, outer, draft);
    if (!Array.isArray(item["item"])) return writeRequest(item, inner, options, draft);
    const name = asText(item["name"]) ?? "folder";
    const id = draft.stepId(name);
    const steps = writeItems(item["item"] as readonly Json[], inner, options, draft);
    return steps.length === 0 ? [] : [{ id, name, type: "group", config: { steps } }];
  });
}

function writeRequest(item: JsonObject, inherited: Inherited, options: ImportOptions, draft: Draft): Json[] {
  const { where } = inherited;
  const given = item["request"];
  const request: JsonObject = typeof given === "string" ? { url: given } : asObject(given);
  const toText = createPostmanText(draft);
  const raw = readUrl(request["url"]);
  const name = asText(item["name"]) ?? "";
  const method = asText(request["method"]) ?? "GET";
  const why =
    raw === ""
      ? "it has no URL"
      : /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(method)
        ? refusePostmanUrl(raw, options)
        : "no method of HTTP";
  if (why !== null) draft.leaveOut(`the request ${name}`, where, why);
  if (why !== null || !draft.hasRoom(`the request ${name}`, where)) return [];
  const headers = asList(request["header"])
    .map(asObject)
    .flatMap((header): Pair[] => {
      const key = asText(header["key"]) ?? "";
      return key === "" || header["disabled"] === true ? [] : [[toText(key), toText(asText(header["value"]) ?? "")]];
    });
  const auth = readPostmanAuth(asObject(request["auth"] ?? inherited.auth), where, toText, draft);
  const { body, type } = readPostmanBody(asObject(request["body"]), where, toText, options, draft);
  if (type !== null && !headers.some(([key]) => key.toLowerCase() === "content-type"))
    headers.push(["content-type", type]);
  const base = toText(raw);
  const url = /^https?:\/\/|^\$\{/i.test(base) ? base : `http://${base}`;
  const step = writeHttpStep(
    {
      name,
      where,
      method,
      url: auth.query === "" ? url : `${url}${url.includes("?") ? "&" : "?"}${auth.query}`,
      headers: [...headers, ...auth.headers],
      body,
      config: auth.config,
      step: { ...hook("pre_hook", inherited.before), ...hook("post_hook", inherited.after) },
    },
    draft,
  );
  return step === null ? [] : [step];
}

function refusePostmanUrl(url: string, options: ImportOptions): string | null {
  if (/^(?!https?:)[a-z][a-z0-9+.-]*:\/\//i.test(url)) return "not an http:// or https:// URL";
  if (/^https?:\/\//i.test(url) && !url.includes("{{") && !URL.canParse(url)) return "not a URL";
  return options.include.length + options.exclude.length > 0 ? refuseUrl(url, options) : null;
}

function hook(field: string, scripts: readonly string[]): JsonObject {
  return scripts.length === 0
    ? {}
    : { [field]: { type: "script", config: { script: scripts.map((script) => `${script}\n`).join("") } } };
}

/** A URL is a text, or a text in parts; path variables (`:id`) get their values. */
function readUrl(url: Json | undefined): string {
  if (typeof url === "string") return url;
  const parts = asObject(url);
  const written = asText(parts["raw"]) ?? joinUrl(parts);
  const disabled = asList(parts["query"])
    .map(asObject)
    .filter((each) => each["disabled"] === true);
  const cut = written.indexOf("?");
  const query = cut < 0 ? [] : written.slice(cut + 1).split("&");
  const kept = query.filter(
    (part) => !disabled.some((each) => part === `${asText(each["key"]) ?? ""}=${asText(each["value"]) ?? ""}`),
  );
  let path = cut < 0 ? written : written.slice(0, cut);
  for (const variable of asList(parts["variable"]).map(asObject)) {
    const key = asText(variable["key"]) ?? asText(variable["id"]) ?? "";
    const value = asText(variable["value"]) ?? "";
    path = path
      .split("/")
      .map((part) =>
        key !== "" && part === `:${key}`
          ? value.includes("{{")
            ? value
            : encodeURIComponent(value.toWellFormed())
          : part,
      )
      .join("/");
  }
  return kept.length === 0 ? path : `${path}?${kept.join("&")}`;
}

function joinUrl(parts: JsonObject): string {
  const join = (value: Json | undefined, by: string): string =>
    Array.isArray(value)
      ? (value as readonly Json[]).map((each) => asText(each) ?? "").join(by)
      : (asText(value) ?? "");
  const host = join(parts["host"], ".");
  if (host === "") return "";
  const port = asText(parts["port"]);
  const query = asList(parts["query"])
    .map(asObject)
    .filter((each) => each["disabled"] !== true)
    .map((each) => `${asText(each["key"]) ?? ""}=${asText(each["value"]) ?? ""}`);
  return `${asText(parts["protocol"]) ?? "http"}://${host}${port === null ? "" : `:${port}`}/${join(parts["path"], "/").replace(/^\//, "")}${query.length > 0 ? `?${query.join("&")}` : ""}`;
}
