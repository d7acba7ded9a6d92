import type { Readable } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { EngineError } from "../../errors.ts";
import type { Json } from "../../protocol/json.ts";
import type { Upload } from "../execution-files.ts";
import { parseJson } from "./parse-json.ts";
import { type FormLimits, receiveForm } from "./submission/receive-form.ts";

/** A request's body as it came; no body is null. */
export interface RawBody {
  readonly format: "json" | "yaml";
  readonly text: string;
  /** Files that came with it; absent: none. */
  readonly upload?: Upload;
}

/** Reads bodies as texts: routes that take a workflow parse it themselves, so that problems have their place. */
export function readBodies(
  server: FastifyInstance,
  limits: FormLimits,
  discard: (upload: Upload) => Promise<void>,
): void {
  server.removeAllContentTypeParsers();
  const take = (format: RawBody["format"]) => (_request: unknown, bytes: Buffer) => toBody(format, bytes);
  server.addContentTypeParser(/^application\/(?:[\w.-]+\+)?json(?:\s*;|$)/i, { parseAs: "buffer" }, take("json"));
  server.addContentTypeParser(/^(?:application|text)\/(?:x-)?yaml(?:\s*;|$)/i, { parseAs: "buffer" }, take("yaml"));
  server.addContentTypeParser(/^multipart\/form-data\s*;/i, async (request: FastifyRequest, body: Readable) => {
    const { route } = request.routeOptions.config;
    if (route === undefined || !("bodies" in route) || route.bodies?.["multipart/form-data"] === undefined) {
      throw new EngineError("unsupported_media_type", "a form is taken for workflows alone; send application/json");
    }
    const { text, upload } = await receiveForm(body, request.headers, limits);
    return { format: "json", text, upload } satisfies RawBody;
  });
  server.addHook("preParsing", (request, _reply, _payload, next) => {
    const encoding = request.headers["content-encoding"]?.trim().toLowerCase();
    if (encoding === undefined || encoding === "" || encoding === "identity") return next();
    const message = `the Content-Encoding \`${encoding.slice(0, 100)}\` is not taken`;
    next(new EngineError("unsupported_media_type", message, { hint: "Send the body as it is, without an encoding." }));
  });
  // What was not made an execution's is forgotten, whoever answered.
  server.addHook("onResponse", async (request) => {
    const upload = (request.body as RawBody | null | undefined)?.upload;
    if (upload !== undefined) await discard(upload);
  });
  server.addContentTypeParser("*", { parseAs: "buffer" }, (request: FastifyRequest, bytes: Buffer) => {
    if (bytes.length === 0) return Promise.resolve(null);
    const type = request.headers["content-type"];
    const named = type === undefined ? "a body without a Content-Type" : `the Content-Type \`${type.slice(0, 100)}\``;
    return Promise.reject(
      new EngineError("unsupported_media_type", `${named} is not understood`, {
        hint: "Send application/json, application/yaml or, with files, multipart/form-data.",
      }),
    );
  });
}

/** The value of a body of JSON; no body: undefined. Throws EngineError `invalid_request`, `unsupported_media_type`. */
export function parseBody(body: RawBody | null | undefined): Json | undefined {
  if (body === null || body === undefined || (body.format === "json" && body.text.trim() === "")) return undefined;
  if (body.format === "json") return parseJson(body.text);
  throw new EngineError("unsupported_media_type", "YAML is taken for workflows alone; send application/json");
}

function toBody(format: RawBody["format"], bytes: Buffer): Promise<RawBody | null> {
  if (bytes.length === 0) return Promise.resolve(null);
  try {
    return Promise.resolve({ format, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) });
  } catch (cause) {
    return Promise.reject(
      new EngineError("invalid_request", "the body is not UTF-8 text; send it as UTF-8", { cause }),
    );
  }
}
