import { defaultTls } from "./tls.ts";
import type { Json, JsonObject } from "./json.ts";
import type { HttpAuth, HttpResources, HttpTls, HttpVersion, RequestCoding } from "./workflow.ts";

type Pair = readonly [name: string, value: string];

/**
 * An http step's config after `resolve`: complete, `options.http` already merged in. Texts are templates unless said
 * otherwise.
 */
export interface HttpConfig {
  /** Upper case; not a template. */
  readonly method: string;
  /** Absolute, or relative to `domain`'s or the workflow's base URL. */
  readonly url: string;
  /** A name among `Workflow.http.domains`; null: `baseUrl`. */
  readonly domain: string | null;
  readonly query: readonly Pair[];
  /** Lower-case names; defaults first, a step's own header replaces the default of that name. */
  readonly headers: readonly Pair[];
  readonly body: HttpBody | null;
  readonly auth: HttpAuth | null;
  /** Answers Digest challenges; null: it does not. */
  readonly digest: { readonly username: string; readonly password: string } | null;
  /** Sent with this step besides the jar's. */
  readonly cookies: Readonly<Record<string, string>>;
  readonly redirect: { readonly follow: boolean; readonly maxRedirects: number };
  readonly tls: HttpTls;
  readonly version: HttpVersion;
  /** A URL, perhaps a template that is filled in before the start, or `env`; null: none. */
  readonly proxy: string | null;
  readonly connectTimeoutMs: number;
  readonly totalTimeoutMs: number;
  /** Ask for compressed answers. */
  readonly compression: boolean;
  /** null: bodies are not compressed; always for files. */
  readonly requestCoding: RequestCoding | null;
  readonly tracing: "w3c" | null;
  /** What is loaded with the answer when it is a page; null: nothing. */
  readonly resources: HttpResources | null;
  /** Inclusive ranges; null: below 400. */
  readonly expectStatus: readonly (readonly [low: number, high: number])[] | null;
}

export type HttpBody =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "json"; readonly value: Json }
  | { readonly kind: "form"; readonly fields: readonly Pair[] }
  | { readonly kind: "file"; readonly file: string }
  /** `value`: `{query, variables, operationName}`, what is not given absent. */
  | { readonly kind: "graphql"; readonly value: JsonObject }
  | { readonly kind: "multipart"; readonly parts: readonly BodyPart[] };

/** A part of a multipart body: a text, or a file by its name in `ExecutorContext.files`. */
export interface BodyPart {
  readonly field: string;
  readonly content: { readonly text: string } | { readonly file: string };
  /** What the target sees as the name of a file; null: the part is a plain field. */
  readonly fileName: string | null;
  readonly contentType: string | null;
}

/** The config of a plain GET of a URL, as `resolve` would complete it. */
export function plainGet(url: string): HttpConfig {
  return {
    method: "GET",
    url,
    domain: null,
    query: [],
    headers: [],
    body: null,
    auth: null,
    digest: null,
    cookies: {},
    redirect: { follow: true, maxRedirects: 10 },
    tls: defaultTls,
    version: "1.1",
    proxy: null,
    connectTimeoutMs: 10_000,
    totalTimeoutMs: 60_000,
    compression: false,
    requestCoding: null,
    tracing: null,
    resources: null,
    expectStatus: null,
  };
}
