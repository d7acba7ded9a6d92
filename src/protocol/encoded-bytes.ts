/** How a text stands for bytes. */
export type BytesEncoding = "text" | "hex" | "base64";

/** Is this text the encoding of bytes? White space in it does not count. */
export function isEncoded(given: string, encoding: BytesEncoding): boolean {
  if (encoding === "text") return true;
  const bare = given.replaceAll(/\s/g, "");
  if (encoding === "hex") return bare.length % 2 === 0 && /^[\da-f]*$/i.test(bare);
  return /^[A-Za-z\d+/]*={0,2}$/.test(bare) && bare.length % 4 === 0;
}

/** The bytes that a text stands for; null: it is not their encoding. */
export function readBytes(given: string, encoding: BytesEncoding): Buffer | null {
  if (encoding === "text") return Buffer.from(given, "utf8");
  return isEncoded(given, encoding) ? Buffer.from(given.replaceAll(/\s/g, ""), encoding) : null;
}
