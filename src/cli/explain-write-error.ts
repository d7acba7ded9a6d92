/** Why something could not be written, for people: the system's words without its code and call. */
export function explainWriteError(cause: unknown): string {
  // Of a pipe, and of a socket.
  if ((cause as NodeJS.ErrnoException).code === "ENXIO") return "nobody reads it";
  return cause instanceof Error ? cause.message.replace(/^[A-Z]+: |, (open|write|close).*$/g, "") : String(cause);
}
