/** A value as PostgreSQL takes it, null: NULL. Lists become arrays, maps JSON. */
export function toParameter(value: unknown): string | Buffer | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== "object") return String(value);
  if (Buffer.isBuffer(value)) return value;
  return Array.isArray(value) ? toArray(value) : JSON.stringify(value);
}

function toArray(list: readonly unknown[]): string {
  return `{${list.map(toElement).join(",")}}`;
}

function toElement(item: unknown): string {
  if (Array.isArray(item)) return toArray(item);
  const value = toParameter(item);
  if (value === null) return "NULL";
  return Buffer.isBuffer(value) ? `\\\\x${value.toString("hex")}` : `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
}
