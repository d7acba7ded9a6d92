import type { Json, JsonObject } from "./json.ts";
import type { LimitSearch } from "./limit-search.ts";
import type { OutputSpec } from "./output.ts";
import type { Load } from "./load.ts";
import type { NamedFile } from "./named-file.ts";

/**
 * A workflow as everything after `definition` sees it: complete (every default filled in), checked and deeply frozen.
 * It is plain JSON data and crosses process boundaries as such. Times are milliseconds. Texts may hold `${…}`
 * templates, which `flow` and the executors compile.
 */
export interface Workflow {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly version: string | null;
  /** Initial variables of every iteration, `-e` values merged in (they win). Values may hold templates. */
  readonly variables: JsonObject;
  /** Custom metrics the workflow declares. */
  readonly metrics: Readonly<Record<string, MetricType>>;
  /** Texts that scripts share, by the name under which they ask for them. */
  readonly libs: Readonly<Record<string, string>>;
  readonly http: HttpDefaults;
  /** Files that are read while it runs, each name once. */
  readonly files: readonly NamedFile[];
  readonly feeders: readonly Feeder[];
  /** What its random draws follow from, 32 bits; null: each run has its own. */
  readonly seed: number | null;
  /** Whose words made-up values are in: `en`, `zh_CN` … */
  readonly locale: string;
  /** At least one; a workflow without `scenarios` has one named `default`. */
  readonly scenarios: readonly Scenario[];
  /** Once per execution, before all scenarios. What it sets is read-only for everybody else. */
  readonly setup: readonly Step[];
  /** Once per execution, on every end after a successful setup. */
  readonly teardown: readonly Step[];
  /** Databases and brokers by name, each with its driver's fields; texts may read variables, `env` and `secret`. */
  readonly connections: Readonly<Record<string, JsonObject>>;
  readonly setupTimeoutMs: number;
  readonly teardownTimeoutMs: number;
  /** Measurements of this first part of the run (test time) stay out of metrics and thresholds. 0: none. */
  readonly warmUpMs: number;
  readonly thresholds: readonly Threshold[];
  readonly targetSlaves: TargetSlaves;
  /** What becomes of a lost slave's share: others take it · nobody does · the execution ends. */
  readonly onSlaveLoss: "redistribute" | "continue" | "abort";
  /** What a slave that joins late takes: only what nobody holds · a fair part of everything. */
  readonly onSlaveJoin: "fill" | "rebalance";
  /** Tags on every series. */
  readonly tags: Readonly<Record<string, string>>;
  /** Live streams of metrics; the owner's matter, no plan has them. */
  readonly outputs: readonly OutputSpec[];
  /** The options as the user wrote them, templates resolved: what the report echoes. */
  readonly options: JsonObject;
}

/** Which slaves of a master may run the workflow; `run` takes no notice. Conditions that are given apply together. */
export interface TargetSlaves {
  readonly mode: "manual" | "label" | "capability" | "auto";
  /** All of these, in mode manual; else empty. */
  readonly slaveIds: readonly string[];
  /** A slave must have all of them. */
  readonly labels: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  /** Fewer at the start are refused; at least 1. */
  readonly minSlaves: number;
  /** null: no limit. */
  readonly maxSlaves: number | null;
}

export type MetricType = "counter" | "gauge" | "rate" | "trend";

/** Rows of a file, for `data.<name>.<column>`. */
export interface Feeder {
  readonly name: string;
  /** One of the workflow's files. */
  readonly file: string;
  readonly format: "csv" | "json" | "ndjson";
  readonly mode: "sequential" | "random" | "shuffle" | "unique";
  /** Who has a row: an iteration, from its first use of it to its end, or a VU for its life. */
  readonly per: "iteration" | "vu";
  /** After the last row: from the first again · nothing more begins that would need one. */
  readonly onEnd: "recycle" | "stop";
  /** Between the fields of csv, one character. */
  readonly delimiter: string;
  /** As `TextDecoder` names it. */
  readonly encoding: string;
}

/** One load profile with its steps. */
export interface Scenario {
  readonly name: string;
  readonly load: Load;
  /** null: the load is as it is. At most one scenario of a workflow searches, from its load on. */
  readonly limitSearch: LimitSearch | null;
  /** After the start instant, on the test clock. */
  readonly startTimeMs: number;
  /** How long running iterations may go on after the end of the load. */
  readonly gracefulStopMs: number;
  /** Least time between two iteration starts of one VU; 0: none. */
  readonly pacingMs: number;
  /** A pause after each iteration, in no duration metric; null: none. */
  readonly thinkTime: Pause | null;
  readonly onError: OnError;
  readonly variables: JsonObject;
  readonly tags: Readonly<Record<string, string>>;
  /** Which slaves run it; null: those of the workflow. */
  readonly targetSlaves: TargetSlaves | null;
  readonly steps: readonly Step[];
  readonly vuSetup: readonly Step[];
  readonly vuTeardown: readonly Step[];
  /** Before and after every iteration. */
  readonly preHook: readonly Step[];
  readonly postHook: readonly Step[];
}

/** `abort` the iteration · `continue`: next step, the iteration counts as failed · `skip`: next step, it does not · `retry`, then as abort. */
export type OnError = "abort" | "continue" | "skip" | "retry";

/** A length of time, drawn evenly from [minMs, maxMs] each time. Either may be a template text that yields a duration. */
export interface Pause {
  readonly minMs: number | string;
  readonly maxMs: number | string;
}

export interface Retry {
  /** All tries, the first included. */
  readonly maxAttempts: number;
  readonly delayMs: number;
  readonly backoff: "fixed" | "linear" | "exponential";
  /** Upper bound of one delay. */
  readonly maxDelayMs: number;
}

/** One step. `type` names a row of the step tables; `config` is what that row's spec accepts, with its defaults filled in. */
export interface Step {
  /** Unique in the workflow. */
  readonly id: string;
  /** What people read; the id unless given. */
  readonly name: string;
  readonly type: string;
  readonly config: JsonObject;
  /** null: no limit of the step's own. */
  readonly timeoutMs: number | null;
  readonly onError: OnError;
  readonly retry: Retry;
  /** Run only if this expression is true; null: always. */
  readonly condition: string | null;
  readonly extract: readonly Extraction[];
  /** A failing one fails the step. */
  readonly assert: readonly Assertion[];
  /** Counted only. */
  readonly checks: readonly Assertion[];
  readonly preHook: readonly Step[];
  readonly postHook: readonly Step[];
  readonly thinkTime: Pause | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly disabled: boolean;
  /** What a program in the step touches besides its texts; absent: it holds none. */
  readonly code?: StepCode;
}

/** What a program in a step touches, as far as its text tells. */
export interface StepCode {
  /** Variables it may set; null: any. */
  readonly sets: readonly string[] | null;
  /** May it look at the latest response? */
  readonly response: boolean;
}

export type ExtractionSource = "json" | "regex" | "header" | "cookie" | "xpath" | "css" | "status" | "body";

export interface Extraction {
  /** The variable to set. */
  readonly name: string;
  readonly from: ExtractionSource;
  /** JSON path, pattern, header or cookie name; empty where the source needs none. */
  readonly path: string;
  /** Used when nothing matches; absent: no match fails the step. */
  readonly default?: Json;
  readonly all: boolean;
  readonly scope: "iteration" | "vu";
}

export type AssertionType =
  | "status"
  | "body"
  | "json"
  | "header"
  | "cookie"
  | "duration"
  | "schema"
  | "regex"
  | "xpath";

export type Operator =
  | "eq"
  | "ne"
  | "gt"
  | "gte"
  | "lt"
  | "lte"
  | "contains"
  | "not_contains"
  | "starts_with"
  | "ends_with"
  | "matches"
  | "in"
  | "exists"
  | "empty"
  | "length"
  | "type";

export interface Assertion {
  /** What the `checks` metric and the report call it; made from the other fields unless given. */
  readonly name: string;
  readonly type: AssertionType;
  /** JSON path, header name, pattern …; empty where the type needs none. */
  readonly path: string;
  readonly operator: Operator;
  /** What to compare with; texts may be templates; a `duration` is in milliseconds. */
  readonly value: Json;
}

export interface Threshold {
  /** `http_req_duration{step:login}`. The short forms (`login.duration.p95`) are already rewritten to this. */
  readonly metric: string;
  /** `p(95) < 500ms`. */
  readonly condition: string;
  readonly abortOnFail: boolean;
  /** No abort before this much test time. */
  readonly delayMs: number;
  /** Look only at the last so much test time; null: the whole run. */
  readonly windowMs: number | null;
  /** What an empty metric means at the end. */
  readonly noData: "fail" | "pass";
}

/** `options.http`: what every http step starts from. Fields that hold `null` were not given. */
export interface HttpDefaults {
  readonly baseUrl: string | null;
  /** Named base URLs that a step picks with `domain`. */
  readonly domains: Readonly<Record<string, string>>;
  /** Lower-case names in order of writing; values are templates. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Templates, before the query of a request's own. */
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly auth: HttpAuth | null;
  /** Inclusive ranges; null: below 400. */
  readonly expectStatus: readonly (readonly [low: number, high: number])[] | null;
  /** Bytes. */
  readonly maxHeader: number;
  /** Bytes; applies when something reads the body. */
  readonly maxBody: number;
  readonly cookies: "vu" | "iteration" | "off";
  readonly connections: "vu" | "iteration" | "none";
  /** Addresses of the machine that connections come from, each VU's from one; empty: the system chooses. */
  readonly sources: readonly string[];
  readonly dnsTtlMs: number;
  /** host name -> address to dial instead. */
  readonly hosts: Readonly<Record<string, string>>;
  readonly connectTimeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly redirect: { readonly follow: boolean; readonly maxRedirects: number };
  readonly tls: HttpTls;
  readonly version: HttpVersion;
  /** A URL, which may hold templates, or `env`; null: none. */
  readonly proxy: string | null;
  /** Ask for compressed answers. */
  readonly compression: boolean;
  /** How bodies of requests are compressed; null: not. Files are sent as they are. */
  readonly requestCoding: RequestCoding | null;
  /** Each request has a `traceparent` header with ids of its own. */
  readonly tracing: "w3c" | null;
  /** What is loaded with a page; null: nothing. */
  readonly resources: HttpResources | null;
}

/** Which of the resources that a page names are loaded with it. Patterns are templates, tried on whole URLs. */
export interface HttpResources {
  /** One of them must match; empty: all URLs are fine. */
  readonly include: readonly string[];
  /** None of them may match. */
  readonly exclude: readonly string[];
  /** One that fails fails the step. */
  readonly required: boolean;
}

/** `auto`: over TLS what the server speaks, HTTP/2 first; else 1.1. */
export type HttpVersion = "1.1" | "2" | "auto";

/** A content coding of request bodies. */
export type RequestCoding = "gzip" | "deflate" | "br";

/** What a request's Authorization header is made of; templates. */
export type HttpAuth =
  | { readonly basic: { readonly username: string; readonly password: string } }
  | { readonly bearer: string };

/** TLS settings of a request; PEM texts, already read from their files. */
export interface HttpTls {
  readonly verify: boolean;
  readonly cert: string | null;
  readonly key: string | null;
  /** What opens `key`; null: it is not encrypted. */
  readonly passphrase: string | null;
  readonly ca: string | null;
  /** null: Node's own. */
  readonly minVersion: TlsVersion | null;
  readonly maxVersion: TlsVersion | null;
  /** OpenSSL's list; null: Node's own. */
  readonly ciphers: string | null;
  /** The name in place of the host's, in the handshake and in the certificate; null: the host's. */
  readonly serverName: string | null;
}

export type TlsVersion = "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
