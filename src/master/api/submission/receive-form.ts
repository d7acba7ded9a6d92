import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { type Readable, Transform } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { Busboy } from "@fastify/busboy";
import { EngineError } from "../../../errors.ts";
import {
  createNameCheck,
  createUploadFolder,
  mostFiles,
  type Upload,
  type UploadedFile,
} from "../../execution-files.ts";

/** A form that was received: the fields of an envelope as JSON, and the files that came with it. */
export interface ReceivedForm {
  readonly text: string;
  readonly upload: Upload;
}

export interface FormLimits {
  /** Where uploads get folders of their own. */
  readonly uploads: string;
  /** Bytes of the whole body, and of its fields. */
  readonly maxUpload: number;
  readonly maxBody: number;
}

/** Fields of an envelope that are texts as they are; the others are JSON. */
const plainFields: ReadonlySet<string> = new Set(["file_name", "scenario"]);
const jsonFields: ReadonlySet<string> = new Set([
  "variables",
  "env",
  "secrets",
  "options",
  "tags",
  "insecure",
  "queue",
]);

/**
 * Receives `multipart/form-data`: `workflow` (a text, or a file of YAML or JSON), any number of `files`, each with its name
 * relative to the workflow as its file name, and the other fields of a submit. Files go to the disk as they come. Throws
 * EngineError `too_large`, `invalid_request`; nothing is left then, and the rest of the body may be read.
 */
export async function receiveForm(
  body: Readable,
  headers: IncomingHttpHeaders,
  { uploads, maxUpload, maxBody }: FormLimits,
): Promise<ReceivedForm> {
  const folder = createUploadFolder(uploads);
  const takeName = createNameCheck();
  const files: UploadedFile[] = [];
  const writing: Promise<void>[] = [];
  const open = new Set<Readable>();
  const fields = new Map<string, string>();
  let fieldBytes = 0;
  let fileName: string | null = null;
  const failed = Promise.withResolvers<never>();
  // Told by the races below, which may begin after it.
  failed.promise.catch(() => undefined);
  const refuse = (error: unknown) => failed.reject(error);

  const takeField = (name: string, value: string): void => {
    fieldBytes += value.length;
    if (fieldBytes > maxBody)
      throw new EngineError("too_large", `the fields of the form are larger than ${maxBody} bytes`);
    if (fields.has(name))
      throw new EngineError("invalid_request", `the form has the field \`${name.slice(0, 100)}\` twice`);
    fields.set(name, value);
  };
  const takeWorkflow = async (stream: Readable, name: string): Promise<void> => {
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of stream as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > maxBody) throw new EngineError("too_large", `the workflow is larger than ${maxBody} bytes`);
      parts.push(part);
    }
    fileName = name;
    takeField("workflow", decode(Buffer.concat(parts)));
  };
  const takeFile = async (stream: Readable, written: string): Promise<void> => {
    const name = takeName(written);
    const part = join(folder, `part-${files.length}-${Math.random().toString(36).slice(2)}`);
    const hash = createHash("sha256");
    let size = 0;
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        hash.update(chunk);
        size += chunk.length;
        next(null, chunk);
      },
    });
    await pipeline(stream, meter, createWriteStream(part, { mode: 0o600 }));
    const digest = hash.digest("hex");
    await rename(part, join(folder, digest));
    files.push({ name, size, hash: digest });
  };

  let received = 0;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      received += chunk.length;
      if (received <= maxUpload) next(null, chunk);
      else {
        next(
          new EngineError("too_large", `the body is larger than ${maxUpload} bytes`, {
            hint: "server.max_upload of the master's configuration sets the limit.",
          }),
        );
      }
    },
  });

  try {
    const parser = new Busboy({
      headers: { ...headers, "content-type": headers["content-type"] ?? "" },
      preservePath: true,
      limits: { fieldNameSize: 100, fieldSize: maxBody, fields: 100, files: mostFiles + 1, headerPairs: 100 },
    });
    parser.on("field", (name, value, _nameCut, valueCut) => {
      try {
        if (valueCut) throw new EngineError("too_large", `the field \`${name}\` is larger than ${maxBody} bytes`);
        takeField(name, value);
      } catch (error) {
        refuse(error);
      }
    });
    parser.on("file", (field, stream, name) => {
      // A body that ends in the middle of a part: also of one that nobody reads, or reads no more.
      stream.on("error", refuse);
      const work =
        field === "workflow"
          ? takeWorkflow(stream, name)
          : field === "files"
            ? takeFile(stream, name)
            : Promise.reject(
                new EngineError(
                  "invalid_request",
                  `the form takes files as \`files\`, not as \`${field.slice(0, 100)}\``,
                ),
              );
      writing.push(work);
      open.add(stream);
      work.catch((error: unknown) => {
        stream.resume();
        refuse(error);
      });
    });
    parser.on("filesLimit", () =>
      refuse(new EngineError("too_large", `more than ${mostFiles} files came with a workflow`)),
    );
    parser.on("fieldsLimit", () => refuse(new EngineError("invalid_request", "the form has more than 100 fields")));
    // The body itself stays out of the pipeline, which would close its connection where the answer is still to be sent.
    body.pipe(limit);
    await Promise.race([Promise.all([finished(body), pipeline(limit, parser)]), failed.promise]);
    await Promise.race([Promise.all(writing), failed.promise]);
    return { text: writeEnvelope(fields, fileName), upload: { folder, files } };
  } catch (error) {
    body.unpipe(limit);
    limit.destroy();
    // A parser that is cut off ends nothing of what it has begun.
    for (const stream of open) stream.destroy();
    await Promise.allSettled(writing);
    await rm(folder, { recursive: true, force: true });
    if (error instanceof EngineError) throw error;
    const message = `the form cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    throw new EngineError("invalid_request", message, { cause: error });
  }
}

/** The fields as the JSON of an envelope. */
function writeEnvelope(fields: ReadonlyMap<string, string>, fileName: string | null): string {
  const envelope: string[] = [];
  for (const [name, value] of fields) {
    if (name === "workflow") envelope.push(`"yaml":${JSON.stringify(value)}`);
    else if (plainFields.has(name)) envelope.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
    else if (jsonFields.has(name)) envelope.push(`${JSON.stringify(name)}:${checkJson(name, value)}`);
    else {
      const known = ["workflow", "files", ...plainFields, ...jsonFields].join(", ");
      throw new EngineError("invalid_request", `the form has no field \`${name}\`; it takes ${known}`);
    }
  }
  if (!fields.has("workflow")) throw new EngineError("invalid_request", "the form lacks `workflow`");
  if (fileName !== null && !fields.has("file_name")) {
    envelope.push(`"file_name":${JSON.stringify(fileName.split(/[\\/]/).at(-1)?.slice(-255) ?? "")}`);
  }
  return `{${envelope.join(",")}}`;
}

/** As it was written: digits of large numbers stay. */
function checkJson(name: string, value: string): string {
  try {
    JSON.parse(value);
    return value;
  } catch (cause) {
    throw new EngineError("invalid_request", `the form's field \`${name}\` takes JSON`, { cause });
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new EngineError("invalid_request", "the workflow is not UTF-8 text; send it as UTF-8", { cause });
  }
}
