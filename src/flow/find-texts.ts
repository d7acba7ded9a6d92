/** Every text inside a value, whatever it is for. */
export function findTexts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(findTexts);
}
