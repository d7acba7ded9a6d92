import { createRequire } from "node:module";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import type * as Iconv from "iconv-lite";
import { EngineError } from "../../errors.ts";
import { joinPieces, type Pieces } from "../../http/body.ts";
import type { RequestCoding } from "../../protocol/workflow.ts";
import type { CompiledBody } from "./compiled-body.ts";

const require = createRequire(import.meta.url);
const charsetPattern = /;\s*charset\s*=\s*"?([^\s;"]+)/i;
const unicode: ReadonlySet<string> = new Set(["utf-8", "utf8", "us-ascii"]);

const codings = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync } as const satisfies Record<
  RequestCoding,
  (bytes: Buffer) => Buffer
>;

/** How the texts of a step's bodies become bytes; null: as UTF-8, without a coding. */
type Encode = (text: string) => Buffer;

/**
 * The same body in the charset that `contentType` names and with a content coding. What a charset has no character for
 * becomes `?`. Files are sent as they are. Throws EngineError `invalid_workflow` for a charset that is not known.
 */
export function encodeBody(body: CompiledBody, contentType: string, coding: RequestCoding | null): CompiledBody {
  const toBytes = findCharset(contentType);
  if (toBytes === null && coding === null) return body;
  const encode: Encode = (text) => {
    const bytes = toBytes === null ? Buffer.from(text, "utf8") : toBytes(text);
    return coding === null ? bytes : codings[coding](bytes);
  };
  let latestText: string | null = null;
  let latest: Pieces = joinPieces([]);
  return {
    ...body,
    coding,
    evaluate(vu) {
      const content = body.evaluate(vu);
      if (typeof content !== "string") return content;
      if (content !== latestText) {
        latest = joinPieces([encode(content)]);
        latestText = content;
      }
      return latest;
    },
  };
}

function findCharset(contentType: string): Encode | null {
  const charset = charsetPattern.exec(contentType)?.[1]?.toLowerCase();
  if (charset === undefined || unicode.has(charset)) return null;
  const { encode, encodingExists } = require("iconv-lite") as typeof Iconv;
  const isKnown: boolean = encodingExists(charset);
  if (!isKnown) {
    throw new EngineError("invalid_workflow", `the charset \`${charset}\` of the content-type is not known; try utf-8`);
  }
  return (text) => encode(text, charset);
}
