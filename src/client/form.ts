import { createReadStream, statSync } from "node:fs";
import { Readable } from "node:stream";
import { EngineError } from "../errors.ts";
import { printJson } from "../protocol/print-json.ts";
import type { SubmitBody } from "../protocol/rest.ts";

/** A body that is made anew for each attempt: files are read as they are sent. */
export interface Form {
  readonly contentType: string;
  /** Bytes. */
  readonly length: number;
  open(): Readable;
}

/** Files by the names that a workflow uses: paths of this machine. */
export type SubmittedFiles = ReadonlyMap<string, string>;

interface Part {
  readonly head: Buffer;
  readonly body: Buffer | { readonly path: string; readonly size: number };
}

/** Texts that a form's fields take as they are; the others are JSON. */
const plainFields: ReadonlySet<string> = new Set(["file_name", "scenario"]);

/** A submit as `multipart/form-data`. `boundary`: letters and digits that nobody guesses. Throws EngineError `unreadable_file`. */
export function createForm(submission: SubmitBody, files: SubmittedFiles, boundary: string): Form {
  const { workflow, yaml, ...fields } = submission;
  const parts: Part[] = [];
  const add = (disposition: string, body: Part["body"]): void => {
    const head = `--${boundary}\r\ncontent-disposition: form-data; ${disposition}\r\n\r\n`;
    parts.push({ head: Buffer.from(head), body });
  };
  add('name="workflow"', Buffer.from(yaml ?? printJson(workflow)));
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    add(`name="${name}"`, Buffer.from(plainFields.has(name) ? String(value) : printJson(value)));
  }
  for (const [name, path] of files) {
    add(`name="files"; filename="${name.replaceAll('"', "%22")}"`, { path, size: readSize(name, path) });
  }
  const end = Buffer.from(`--${boundary}--\r\n`);
  const length = parts.reduce((sum, { head, body }) => sum + head.length + sizeOf(body) + 2, end.length);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    length,
    open: () => Readable.from(write(parts, end)),
  };
}

async function* write(parts: readonly Part[], end: Buffer): AsyncGenerator<Buffer> {
  for (const { head, body } of parts) {
    yield head;
    if (Buffer.isBuffer(body)) yield body;
    // What is written to the file meanwhile is left out: the length was said.
    else if (body.size > 0) yield* createReadStream(body.path, { end: body.size - 1 }) as AsyncIterable<Buffer>;
    yield Buffer.from("\r\n");
  }
  yield end;
}

function sizeOf(body: Part["body"]): number {
  return Buffer.isBuffer(body) ? body.length : body.size;
}

function readSize(name: string, path: string): number {
  try {
    return statSync(path).size;
  } catch (cause) {
    throw new EngineError("unreadable_file", `cannot read ${name}: ${(cause as Error).message}`, { cause });
  }
}
