const charsetPattern = /;\s*charset\s*=\s*"?([^\s;"]+)/i;
const metaPattern = /<meta\s[^>]*charset\s*=\s*["']?\s*([^\s"'/>;]+)/i;
const xmlPattern = /^\s*<\?xml\s[^>]*encoding\s*=\s*["']([^"']+)/i;
/** How far into a page browsers look for its charset. */
const headLength = 1_024;

/** What a Content-Type says. */
interface ContentType {
  readonly contentType: string;
  readonly charset: string | undefined;
  readonly isHtml: boolean;
  readonly isXml: boolean;
}

/** Nearly every answer has the one of the answer before. */
let latest = readType("");

/**
 * A body as text by its byte order mark, else the charset of its Content-Type, else for pages and XML what they
 * themselves say at their beginning; UTF-8 where nothing does, or says a charset that Node does not know. Bytes that are
 * not valid become U+FFFD; a byte order mark is dropped.
 */
export function decodeText(body: Buffer, contentType: string): string {
  if (contentType !== latest.contentType) latest = readType(contentType);
  const charset = markedCharset(body) ?? latest.charset ?? ownCharset(body, latest);
  const name = charset?.toLowerCase();
  if (name === undefined || name === "utf-8" || name === "utf8" || name === "us-ascii") return decodeUtf8(body);
  return decodeBy(name, body) ?? decodeUtf8(body);
}

/** undefined: no byte order mark. */
function markedCharset(body: Buffer): string | undefined {
  const first = body[0] ?? 0;
  if (first < 0xef) return undefined;
  if (first === 0xff && body[1] === 0xfe) return "utf-16le";
  if (first === 0xfe && body[1] === 0xff) return "utf-16be";
  return first === 0xef && body[1] === 0xbb && body[2] === 0xbf ? "utf-8" : undefined;
}

function readType(contentType: string): ContentType {
  return {
    contentType,
    charset: charsetPattern.exec(contentType)?.[1],
    isHtml: /html/i.test(contentType),
    isXml: /xml/i.test(contentType),
  };
}

function ownCharset(body: Buffer, { isHtml, isXml }: ContentType): string | undefined {
  if (!isHtml && !isXml) return undefined;
  const head = body.toString("latin1", 0, headLength);
  const named = xmlPattern.exec(head)?.[1] ?? (isHtml ? metaPattern.exec(head)?.[1] : undefined);
  // Read so far, it cannot be UTF-16.
  return named !== undefined && /^utf-?16/i.test(named) ? undefined : named;
}

function decodeUtf8(body: Buffer): string {
  const text = body.toString("utf8");
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** null: a charset that this Node does not know. */
function decodeBy(charset: string, body: Buffer): string | null {
  try {
    return new TextDecoder(charset).decode(body);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
