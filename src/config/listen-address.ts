/** Where a node listens. */
export interface ListenAddress {
  /** null: every address of the machine. */
  readonly host: string | null;
  readonly port: number;
}

/** `host:port`, `:port` or `[::1]:port`; null: none of them. */
export function parseListenAddress(text: string): ListenAddress | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s/]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return null;
  const host = match[1] ?? match[2] ?? "";
  return { host: host === "" ? null : host, port };
}
