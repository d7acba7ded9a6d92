import type { Masker } from "../protocol/ports.ts";

/** Shorter pieces of base64 stand in texts by chance. */
const leastBase64 = 8;

/**
 * A masker of these secrets' values: as they are, in the case of a host name, percent-encoded by whichever rule, as in
 * a JSON text, and in base64 with anything before and after (`user:secret`). Longer ones are replaced first; empty ones
 * are no secret.
 */
export function createMasker(secrets: Readonly<Record<string, string>>): Masker {
  const values = [...new Set(Object.values(secrets))].filter((value) => value !== "");
  if (values.length === 0) return (text) => text;
  values.sort((a, b) => b.length - a.length);
  const forms = values.flatMap((value) => [writeCharacters(value), ...listBase64(value)]);
  const pattern = new RegExp(forms.join("|"), "giu");
  return (text) => text.replace(pattern, "***");
}

/** Patterns for every way in which a URL, a form or a JSON text, or one inside another, may write the characters. */
function writeCharacters(value: string): string {
  const pieces = value.match(/\\+|[^\\]/gu) ?? [];
  return pieces
    .map((piece) => (piece.startsWith("\\") ? writeBackslashes(piece.length) : writeCharacter(piece)))
    .join("");
}

/** Every text they are put into doubles them. Bounded, or a long run in a body would be searched for minutes. */
function writeBackslashes(count: number): string {
  return `(?:\\\\(?:u005c)?|%5c){${count},${4 * count}}`;
}

function writeCharacter(character: string): string {
  const percent = Array.from(Buffer.from(character), (byte) => `%${toHex(byte, 2)}`).join("");
  const units = Array.from({ length: character.length }, (_, at) => `\\\\{1,7}u${toHex(character.charCodeAt(at), 4)}`);
  const short = /^"\\(.)"$/.exec(JSON.stringify(character))?.[1];
  const ways = [RegExp.escape(character), percent, units.join("")];
  if (short !== undefined || character === "/") ways.push(`\\\\{1,7}${short ?? character}`);
  if (character === " ") ways.push("\\+");
  return `(?:${ways.join("|")})`;
}

/** Patterns for the part of the base64 that is the value's alone, for each of the three places it may begin at. */
function listBase64(value: string): string[] {
  const bytes = Buffer.from(value);
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    const own = encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    return own.length < leastBase64 ? [] : [own.replaceAll("+", "[+-]").replaceAll("/", "[/_]")];
  });
}

function toHex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
