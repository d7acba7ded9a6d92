/** A file's text: UTF-8, or UTF-16 by its byte order mark or a first character of ASCII. Throws TypeError (`ERR_ENCODING_INVALID_ENCODED_DATA`) for what is neither. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder(findEncoding(bytes), { fatal: true }).decode(bytes);
}

function findEncoding([first, second]: Uint8Array): string {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return "utf-16le";
  return (first === 0xfe && second === 0xff) || (first === 0 && second !== 0) ? "utf-16be" : "utf-8";
}
