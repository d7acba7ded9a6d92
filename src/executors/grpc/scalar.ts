/** The least and the greatest of each type of whole numbers. */
const ranges: Readonly<Record<string, readonly [low: bigint, high: bigint]>> = (() => {
  const signed = (bits: bigint) => [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] as const;
  const unsigned = (bits: bigint) => [0n, (1n << bits) - 1n] as const;
  return {
    int32: signed(32n),
    sint32: signed(32n),
    sfixed32: signed(32n),
    uint32: unsigned(32n),
    fixed32: unsigned(32n),
    int64: signed(64n),
    sint64: signed(64n),
    sfixed64: signed(64n),
    uint64: unsigned(64n),
    fixed64: unsigned(64n),
  };
})();

/** The 64 bits of a number, as the codec takes them. */
interface Bits {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}

/** `hint`: what would be right. */
export type Refuse = (hint: string) => never;

/**
 * A value of JSON as the codec takes it. `lenient`: numbers and true/false are texts too, as a filled-in template may
 * have made them.
 */
export function toScalar(scalar: string, value: unknown, lenient: boolean, refuse: Refuse): unknown {
  switch (scalar) {
    case "string":
      if (typeof value === "string") return value;
      if (lenient && ["number", "boolean", "bigint"].includes(typeof value)) return String(value);
      return refuse("a text");
    case "bool":
      if (typeof value === "boolean") return value;
      if (value === "true" || value === "false") return value === "true";
      return refuse("true or false");
    case "bytes":
      if (typeof value !== "string" || !/^[\w+/-]*={0,2}$/.test(value)) return refuse("base64");
      return Buffer.from(value, "base64");
    case "double":
    case "float":
      return toFraction(scalar, value, refuse);
    default:
      return toWhole(scalar, value, refuse);
  }
}

function toFraction(scalar: string, value: unknown, refuse: Refuse): number {
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  const isNumber = typeof value === "number" || typeof value === "bigint";
  const number = isNumber || (typeof value === "string" && value.trim() !== "") ? Number(value) : Number.NaN;
  if (!Number.isFinite(number)) return refuse("a number");
  if (scalar === "float" && !Number.isFinite(Math.fround(number))) return refuse("a number that a float can hold");
  return number;
}

function toWhole(scalar: string, value: unknown, refuse: Refuse): number | Bits {
  const [low, high] = ranges[scalar] ?? [0n, 0n];
  const hint = `a whole number from ${low} to ${high}`;
  const whole = readWhole(value);
  if (whole === null || whole < low || whole > high) return refuse(hint);
  if (!scalar.endsWith("64")) return Number(whole);
  return {
    low: Number(BigInt.asIntN(32, whole)),
    high: Number(BigInt.asIntN(32, whole >> 32n)),
    unsigned: low === 0n,
  };
}

function readWhole(value: unknown): bigint | null {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : null;
  if (typeof value !== "string") return null;
  if (/^-?\d{1,20}$/.test(value)) return BigInt(value);
  const number = /^-?[\d.]{1,20}(?:[eE][+]?\d{1,2})?$/.test(value) ? Number(value) : Number.NaN;
  return Number.isSafeInteger(number) ? BigInt(number) : null;
}

/** A value of the codec as JSON: whole numbers of 64 bits as texts, bytes as base64. */
export function fromScalar(scalar: string, value: unknown): unknown {
  if (scalar.endsWith("64")) return String(value);
  if (scalar === "bytes") return Buffer.from(value as Uint8Array).toString("base64");
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value;
}
