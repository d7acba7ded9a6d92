const charsetPattern = /;\s*charset\s*=\s*"?([^\s;"]+)/i;

/**
 * A body as text by the charset of its Content-Type, else (or where Node does not know that charset) as UTF-8.
 * Bytes that are not valid become U+FFFD; a byte order mark is dropped.
 */
export function decodeText(body: Buffer, contentType: string): string {
  const charset = charsetPattern.exec(contentType)?.[1]?.toLowerCase() ?? "utf-8";
  if (charset === "utf-8" || charset === "utf8" || charset === "us-ascii") return decodeUtf8(body);
  return decodeBy(charset, body) ?? decodeUtf8(body);
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
