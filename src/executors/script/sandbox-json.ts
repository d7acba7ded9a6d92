/** The key under which a whole number beyond 2^53 travels to and from the sandbox, which has no exact JSON numbers. */
const bigKey = "\u0000n";

/** Data as JSON for the sandbox. It begins with `!` when the sandbox has to bring bigints back. Throws TypeError for what is no data. */
export function toSandboxJson(value: unknown): string {
  let flagged = false;
  const text = JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === "bigint") {
      flagged = true;
      return { [bigKey]: String(item) };
    }
    return item instanceof Map ? Object.fromEntries(item as Map<string, unknown>) : item;
  });
  return flagged ? `!${text}` : text;
}

/** JSON of the sandbox as data. */
export function fromSandboxJson(text: string): unknown {
  return text.includes('"\\u0000n"') ? JSON.parse(text, revive) : JSON.parse(text);
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const digits = (value as Readonly<Record<string, unknown>>)[bigKey];
  if (typeof digits !== "string" || !/^-?\d{1,100000}$/.test(digits)) return value;
  const whole = BigInt(digits);
  return whole >= Number.MIN_SAFE_INTEGER && whole <= Number.MAX_SAFE_INTEGER ? Number(whole) : whole;
}
