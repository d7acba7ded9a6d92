const header = "x-sent-at";

/** The header that tells when a message was sent: epoch ms with µs, by the owner's clock. */
export function stamp(wall: number): Readonly<Record<string, string>> {
  return { [header]: wall.toFixed(3) };
}

/** How long a stamped message took until `wall`, ms; null: it carries no stamp. */
export function readLatency(headers: Readonly<Record<string, string>>, wall: number): number | null {
  const text = headers[header] ?? headers["X-Sent-At"];
  if (text === undefined || !/^\d{1,16}(\.\d{1,6})?$/.test(text)) return null;
  return wall - Number(text);
}
