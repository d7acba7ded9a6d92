import { decodeText } from "./decode-text.ts";
import { readTraceId } from "./traceparent.ts";
import { printUrl } from "./url.ts";
import type { Failure, StepResult } from "../protocol/step.ts";
import { read } from "../protocol/step.ts";
import type { Draft } from "./draft.ts";
import { parseJson } from "./parse-json.ts";
import type { Session } from "./session.ts";

/** What an http step gave. Text, JSON and headers are made when something first asks for them. */
export class HttpResult implements StepResult {
  /** Also set by who looks at the answer before anybody else. */
  failure: Failure | null;
  /** As `duration`: also set by who loads what a page names. */
  interrupted: boolean;
  /** Milliseconds from the beginning to the last byte, with DNS, connect, TLS and all redirects. */
  duration: number;
  readonly statusCode: number;
  readonly #headers: readonly string[] | null;
  readonly #body: Buffer | null;
  readonly #draft: Draft | null;
  readonly #session: Session | null;
  #text: string | undefined = undefined;
  #json: unknown = undefined;
  #isParsed = false;
  #record: Record<string, string> | undefined = undefined;

  /** `headers`: name, value, name, value …; `draft`: the last request, null when none could be made. */
  constructor(
    failure: Failure | null,
    interrupted: boolean,
    duration: number,
    statusCode: number,
    headers: readonly string[] | null,
    body: Buffer | null,
    draft: Draft | null,
    session: Session | null,
  ) {
    this.failure = failure;
    this.interrupted = interrupted;
    this.duration = duration;
    this.statusCode = statusCode;
    this.#headers = headers;
    this.#body = body;
    this.#draft = draft;
    this.#session = session;
  }

  /** The last request; null: none could be made. */
  get request(): Draft | null {
    return this.#draft;
  }

  get target(): string {
    if (this.#draft === null) return "";
    const { method, url, names, lines } = this.#draft;
    const place = names.indexOf("traceparent");
    const trace = place < 0 ? null : readTraceId(lines[place] ?? "");
    return `${method} ${printUrl(url)}${trace === null ? "" : ` (trace ${trace})`}`;
  }

  text(): string {
    if (this.#text === undefined) {
      this.#text = this.#body === null ? "" : decodeText(this.#body, this.header("content-type")[0] ?? "");
    }
    return this.#text;
  }

  json(): unknown {
    if (!this.#isParsed) {
      this.#json = parseJson(this.text());
      this.#isParsed = true;
    }
    return this.#json;
  }

  header(name: string): readonly string[] {
    return listHeader(this.#headers, name);
  }

  cookie(name: string): string | undefined {
    const start = `${name}=`;
    // The last one wins, as in a jar.
    const set = this.header("set-cookie").findLast((value) => value.trimStart().startsWith(start));
    if (set !== undefined) return set.trimStart().slice(start.length).split(";", 1)[0]?.trim();
    if (this.#draft === null) return undefined;
    return this.#session?.jar?.value(this.#draft.url, name);
  }

  [read](key: string): unknown {
    switch (key) {
      case "status_code":
        return this.statusCode;
      case "body":
        return this.text();
      case "headers":
        return this.#headerRecord();
      case "duration":
        return this.duration;
      case "output":
        return this.json() ?? null;
      case "error_code":
        return this.failure === null ? 0 : readCode(this.failure.code);
      default:
        return undefined;
    }
  }

  #headerRecord(): Record<string, string> {
    if (this.#record !== undefined) return this.#record;
    const record: Record<string, string> = Object.create(null);
    const headers = this.#headers ?? [];
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const name = headers[i] ?? "";
      const value = headers[i + 1] ?? "";
      record[name] = name in record ? `${record[name]}, ${value}` : value;
    }
    this.#record = record;
    return record;
  }
}

/** All values of a header (lower-case name) in `name, value, name, value …`, in order. */
export function listHeader(headers: readonly string[] | null, name: string): string[] {
  const values: string[] = [];
  if (headers === null) return values;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (headers[i] === name) values.push(headers[i + 1] ?? "");
  }
  return values;
}

/** k6's numbers as numbers, the others as text. */
function readCode(code: string): number | string {
  return /^\d+$/.test(code) ? Number(code) : code;
}
