/** The path of an execution below `/api/v1`, and what follows it. */
export function execution(id: string, tail = ""): string {
  return `/executions/${encodeURIComponent(id)}${tail}`;
}

/** A query with its question mark; without what is undefined, and empty where nothing is left. */
export function printQuery(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? "" : `?${query.toString()}`;
}
