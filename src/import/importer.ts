import type { JsonObject } from "../protocol/json.ts";

/** Something of the source that the workflow does not have. */
export interface LeftOut {
  /** Such as `the header host` or `JSR223 Sampler`. */
  readonly what: string;
  /** Its place in the source: a line, a path, a name. */
  readonly where: string;
  readonly why: string;
}

/** How people want it, and what an importer may look at. */
export interface ImportOptions {
  /** The workflow's name where the source has none. */
  readonly name: string;
  /** Pauses of the source become think times. */
  readonly thinkTimes: boolean;
  /** Recorded cookies are sent, as secrets; else the virtual users keep those that they are given. */
  readonly cookies: boolean;
  /** Globs on `host/path`: only requests that meet one; none: all. */
  readonly include: readonly string[];
  /** Globs on `host/path`: no request that meets one. */
  readonly exclude: readonly string[];
  /** Operations with one of these tags; none: all. */
  readonly tags: readonly string[];
  /** A file beside the source, whole; null: it cannot be had. */
  readonly readBytes: (name: string) => Uint8Array | null;
}

/** What a source became. */
export interface Imported {
  /** A document that the definition accepts. */
  readonly workflow: JsonObject;
  readonly leftOut: readonly LeftOut[];
  /** The names of the secrets that a run must be given, in order of their first use. */
  readonly secrets: readonly string[];
  /** Files that belong beside the workflow, by name. */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
}

/** Reads a source. Throws EngineError `invalid_request` when it is none of the format, `too_large` beyond a limit. */
export type Importer = (text: string, options: ImportOptions) => Imported;
