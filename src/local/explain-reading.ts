/** Why a file cannot be read, for people. */
export function explainReading(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") return "there is no such file; check the path";
  if (code === "EISDIR") return "it is a folder; name a file in it";
  if (code === "EACCES") return "it may not be read; check its permissions";
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "it is not UTF-8 text; save it as UTF-8";
  return message;
}
