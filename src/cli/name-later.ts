const later: ReadonlySet<string> = new Set(["-o", "--out"]);

/** The parser's message; for an option or a command that a later version will have, it says so. */
export function nameLater(message: string): string {
  return message.replace(/unknown (option|command) '([^']+)'.*/, (whole, kind: string, name: string) =>
    later.has(name) ? `the ${kind} '${name}' is not in this version` : whole,
  );
}
