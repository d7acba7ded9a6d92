import type { Json, JsonObject } from "../../protocol/json.ts";
import { refuseFileName } from "../../protocol/named-file.ts";
import { readText } from "../decode-text.ts";
import type { Draft } from "../draft.ts";
import { basicAuth, type ImportedRequest } from "../http-step.ts";
import type { ImportOptions } from "../importer.ts";
import type { Pair } from "../request-body.ts";
import { escapeTemplate } from "../template-text.ts";
import { readCurlBody } from "./curl-body.ts";
import type { CurlWord } from "./curl-options.ts";

/** The requests of one command: one for each URL. */
export function readCurlRequest(
  words: readonly CurlWord[],
  where: string,
  options: ImportOptions,
  draft: Draft,
): ImportedRequest[] {
  for (const { name, ignored } of words) {
    if (name !== null && ignored !== null) draft.leaveOut(name.startsWith("-") ? name : `--${name}`, where, ignored);
  }
  const flags = new Map<string, string[]>();
  for (const { name, value, ignored } of words) {
    if (name === null || ignored !== null) continue;
    const known = flags.get(name);
    if (known === undefined) flags.set(name, [value]);
    else known.push(value);
  }
  const last = (name: string): string | null => flags.get(name)?.at(-1) ?? null;
  const urls = words.flatMap(({ name, value }) => (name === null || name === "url" ? [value] : []));
  const { body, type, query } = readCurlBody(words, where, options, draft);
  const method = last("request") ?? (flags.has("head") ? "HEAD" : body === null ? "GET" : "POST");
  const headers = readHeaders(flags, draft, where);
  if (body !== null && type !== null && !headers.some(([name]) => name.toLowerCase() === "content-type"))
    headers.push(["content-type", type]);
  return urls.flatMap((url) => {
    const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `http://${url}`;
    if (!/^https?:\/\//i.test(whole) || (!whole.includes("$") && !URL.canParse(whole))) {
      draft.leaveOut(`the URL ${url.slice(0, 100)}`, where, "not an http:// or https:// URL");
      return [];
    }
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(method)) {
      draft.leaveOut(`the method ${method.slice(0, 40)}`, where, "no method of HTTP");
      return [];
    }
    const joined = query === "" ? whole : `${whole}${whole.includes("?") ? "&" : "?"}${query}`;
    return [
      {
        name: "",
        where,
        method,
        url: escapeTemplate(joined),
        headers,
        body,
        config: readConfig(flags, last, where, options, draft),
      },
    ];
  });
}

function readHeaders(flags: ReadonlyMap<string, readonly string[]>, draft: Draft, where: string): Pair[] {
  const pairs: Pair[] = [];
  for (const line of flags.get("header") ?? []) {
    const cut = line.indexOf(":");
    if (line.startsWith("@") || cut < 1) {
      if (!line.endsWith(";") || line.startsWith("@"))
        draft.leaveOut(`-H ${line.slice(0, 80)}`, where, "not `name: value`");
      else pairs.push([escapeTemplate(line.slice(0, -1).trim()), ""]);
      continue;
    }
    const value = line.slice(cut + 1).trim();
    // `-H "Accept:"` takes a header away that curl would send.
    if (value !== "") pairs.push([escapeTemplate(line.slice(0, cut).trim()), escapeTemplate(value)]);
  }
  for (const [flag, header] of [
    ["user-agent", "user-agent"],
    ["referer", "referer"],
  ] as const) {
    const value = flags.get(flag)?.at(-1);
    if (value !== undefined && value !== "") pairs.push([header, escapeTemplate(value.replace(/;auto$/, ""))]);
  }
  for (const cookie of flags.get("cookie") ?? []) {
    if (cookie.includes("=")) pairs.push(["cookie", escapeTemplate(cookie)]);
    else draft.leaveOut(`the cookie file ${cookie}`, where, "each virtual user keeps its cookies by itself");
  }
  const bearer = flags.get("oauth2-bearer")?.at(-1);
  if (bearer !== undefined) pairs.push(["authorization", `Bearer ${escapeTemplate(bearer)}`]);
  if (flags.has("json")) pairs.push(["accept", "application/json"]);
  return pairs;
}

function readConfig(
  flags: ReadonlyMap<string, readonly string[]>,
  last: (name: string) => string | null,
  where: string,
  options: ImportOptions,
  draft: Draft,
): JsonObject {
  const config: Record<string, Json> = {};
  const user = last("user");
  if (user !== null) {
    const [name = "", ...password] = user.split(":");
    config["auth"] = { basic: basicAuth(escapeTemplate(name), escapeTemplate(password.join(":")), draft) };
  }
  const follows = flags.has("location") || flags.has("location-trusted");
  const most = Number(last("max-redirs") ?? Number.NaN);
  config["redirect"] = follows && most >= 0 && most <= 100 ? { max_redirects: Math.floor(most) } : follows;
  if (follows && !Number.isInteger(most)) delete config["redirect"];
  if (flags.has("compressed")) config["compression"] = true;
  const timeout = { ...seconds("connect", last("connect-timeout")), ...seconds("total", last("max-time")) };
  if (Object.keys(timeout).length > 0) config["timeout"] = timeout;
  const tls: Record<string, Json> = flags.has("insecure") ? { verify: false } : {};
  for (const [flag, field] of [
    ["cert", "cert"],
    ["key", "key"],
    ["cacert", "ca"],
  ] as const) {
    const file = last(flag);
    if (file === null) continue;
    const text = readText(options, file);
    const name = file.replace(/^.*[\\/]/, "");
    if (text?.includes("-----BEGIN") === true && refuseFileName(name) === null) {
      tls[field] = draft.attachFile(name, text);
    } else draft.leaveOut(`--${flag} ${file}`, where, "it is no PEM file beside the source");
  }
  if (Object.keys(tls).length > 0) config["tls"] = tls;
  return config;
}

function seconds(name: string, text: string | null): JsonObject {
  const value = Number(text);
  return text !== null && value > 0 && value < 1e6 ? { [name]: `${Math.round(value * 1000)}ms` } : {};
}
