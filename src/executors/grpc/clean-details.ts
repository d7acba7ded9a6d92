const longest = 500;

/**
 * The details of a status for people. What the driver says of a connection holds times and places in memory: errors are
 * told apart by their text, so that these have to go.
 */
export function cleanDetails(details: string): string {
  const reason = /^No connection established\. Last error: ([^]*?)(?:\. Resolution note: [^]*)?$/.exec(details)?.[1];
  if (reason === undefined) return details.slice(0, longest);
  const bare = reason
    .replace(/\s*\(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, "")
    .replace(/^Error(?: \[\w+\])?: /, "")
    .replace(/^[\dA-F]{8,}:error:[\dA-F]+:[^:]*:[^:]*:([^:]*):[^]*$/, "$1");
  return `not connected: ${bare.trim()}`.slice(0, longest);
}
