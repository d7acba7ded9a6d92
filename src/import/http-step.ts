import { findHeaderProblem } from "../protocol/header-names.ts";
import type { JsonObject } from "../protocol/json.ts";
import type { Draft } from "./draft.ts";
import { hideValue, type Pair, type RequestBody, writeBody, writeGroups } from "./request-body.ts";
import { isSecretHeader } from "./secret-names.ts";
import { hasTemplate } from "./template-text.ts";

/** A request as the source has it; every text is a template. */
export interface ImportedRequest {
  /** For people; the step's id is made of it. Empty: made of method and path. */
  readonly name: string;
  /** Its place in the source. */
  readonly where: string;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly Pair[];
  readonly body: RequestBody | null;
  /** Further fields of `config`. */
  readonly config?: JsonObject;
  /** Further fields of the step. */
  readonly step?: JsonObject;
}

/** Written by the client itself, or meant for one connection only. */
const droppedHeaders =
  /^(?::.*|host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|upgrade-insecure-requests|http2-settings|content-length|accept-encoding)$/i;

/** An http step, or null for a URL that cannot be asked (which is noted); secrets in headers, URL and body become `${secret.X}`. */
export function writeHttpStep(request: ImportedRequest, draft: Draft): JsonObject | null {
  const { method, headers, name } = request;
  const type = headers.find(([key]) => key.toLowerCase() === "content-type")?.[1] ?? null;
  const body = request.body === null ? null : writeBody(request.body, type, draft);
  const { url, auth } = takeUserInfo(request.url.replace(/#[^]*$/, ""), draft);
  if (!url.startsWith("${") && (!/^https?:\/\//i.test(url) || (!url.includes("${") && !URL.canParse(url)))) {
    draft.leaveOut(`the request ${name || url.slice(0, 100)}`, request.where, "not an http:// or https:// URL");
    return null;
  }
  const kept = headers.filter(([key]) => isKept(key, body !== null, request, draft));
  const shown = kept.map(([key, value]): Pair => [key.toLowerCase(), hideHeader(key, value, draft)]);
  if (body !== null && body.type !== null) shown.push(["content-type", body.type]);
  const pathName = url.replace(/^[a-z]+:\/\/[^/]*|^\$\{[^}]*\}/i, "").replace(/[?#][^]*$/, "");
  return {
    id: draft.stepId(name === "" ? `${method.toLowerCase()}-${pathName}` : name),
    ...(name === "" ? {} : { name }),
    type: "http",
    config: {
      ...(method.toUpperCase() === "GET" ? {} : { method: method.toUpperCase() }),
      url: hideQuery(url, draft),
      ...auth,
      ...(headers.some(([key]) => key.toLowerCase() === "accept-encoding") ? { compression: true } : {}),
      ...(shown.length > 0 ? { headers: writeGroups(shown) } : {}),
      ...body?.config,
      ...request.config,
    },
    ...request.step,
  };
}

function isKept(name: string, hasBody: boolean, { where }: ImportedRequest, draft: Draft): boolean {
  if (droppedHeaders.test(name)) {
    draft.dropHeader(name);
    return false;
  }
  const problem = findHeaderProblem(name);
  if (problem !== null) {
    draft.leaveOut(`the header ${name.slice(0, 60)}`, where, problem);
    return false;
  }
  // It is written with the body.
  return !(hasBody && name.toLowerCase() === "content-type");
}

/** A header's value, or what it is made of when it is a secret: `Bearer ${secret.BEARER_TOKEN}`. */
export function hideHeader(name: string, value: string, draft: Draft): string {
  if (value === "" || hasTemplate(value) || !isSecretHeader(name)) return value;
  const scheme = /^(Bearer|Basic|Token|ApiKey|Digest|Negotiate)\s+(\S[^]*)$/i.exec(value);
  if (scheme === null) return draft.secret(name, value);
  const kind = scheme[1] ?? "";
  return `${kind} ${draft.secret(kind.toLowerCase() === "bearer" ? "bearer_token" : `${kind}_credentials`, scheme[2] ?? "")}`;
}

/** Parameters of the URL whose names are secrets'. */
function hideQuery(url: string, draft: Draft): string {
  const at = url.indexOf("?");
  if (at < 0) return url;
  const parts = url.slice(at + 1).split("&");
  const hidden = parts.map((part) => {
    const cut = part.indexOf("=");
    if (cut < 0) return part;
    return `${part.slice(0, cut + 1)}${hideValue(part.slice(0, cut), part.slice(cut + 1), draft)}`;
  });
  return `${url.slice(0, at + 1)}${hidden.join("&")}`;
}

/** `http://user:password@host/` sends basic authentication. */
function takeUserInfo(url: string, draft: Draft): { readonly url: string; readonly auth: JsonObject } {
  const found = /^(https?:\/\/)([^/?#@]*)@/i.exec(url);
  if (found === null) return { url, auth: {} };
  const [user = "", ...password] = (found[2] ?? "").split(":");
  return {
    url: `${found[1] ?? ""}${url.slice(found[0].length)}`,
    auth: { auth: { basic: basicAuth(user, password.join(":"), draft) } },
  };
}

/** The fields of basic authentication, with the password as a secret. */
export function basicAuth(username: string, password: string, draft: Draft): JsonObject {
  return {
    username,
    password: password === "" || hasTemplate(password) ? password : draft.secret("password", password),
  };
}
