import type { Masker } from "../protocol/ports.ts";

/** Shorter pieces of base64 stand in texts by chance; a shorter beginning of a secret, too, and it tells little. */
const leastBase64 = 8;
const leastBeginning = 4;
/** Where somebody cut a text: the end, or `…`; half a character or escape may stand before it. */
const cut = /(?:\p{Cs}|\\{1,3})?(?:…|$)/uy;

/** Where the parser of URLs takes a text apart, and no letter or digit: what it leaves stands alone. */
const urlBreak = /[/\\?#@:]+/u;
const letter = /[\p{L}\p{N}]/u;

const named: Readonly<Record<string, string>> = { "&": "amp", '"': "quot", "'": "apos", "<": "lt", ">": "gt" };

/**
 * One way to write a value, as a pattern for each of its characters: one pattern for all would be too large for the
 * engine of regular expressions where the value is a key or a certificate.
 */
interface Form {
  readonly characters: readonly RegExp[];
  /** It counts only where no letter or digit goes on before or behind it. */
  readonly alone: boolean;
}

/**
 * A masker of these secrets' values: as they are, in the case of a host name, percent-encoded by whichever rule, as in
 * a JSON text or a page, as UTF-8 that was read as Latin-1, and in base64 with anything before and after
 * (`user:secret`). Longer ones are replaced first; empty ones are no secret. The beginning of one that stands where a
 * text was cut (its end, or `…`) is replaced too, and so is each part that a URL makes of one (`host` of `host/path`).
 * Values of any length.
 */
export function createMasker(secrets: Readonly<Record<string, string>>): Masker {
  const values = [...new Set(Object.values(secrets))].filter((value) => value !== "");
  if (values.length === 0) return (text) => text;
  values.sort((a, b) => b.length - a.length);
  const patterns = new Map<string, RegExp>();
  const compile = (source: string): RegExp => {
    const pattern = patterns.get(source) ?? new RegExp(source, "iuy");
    patterns.set(source, pattern);
    return pattern;
  };
  const whole = values.flatMap((value) => [
    Array.from(value, RegExp.escape),
    ...listWritten(value).map(writeCharacters),
    ...listBase64(value),
  ]);
  const parts = values.flatMap((value) => listUrlParts(value).map(writeCharacters));
  const forms = [...whole, ...parts];
  const beginnings = new RegExp(forms.map((form) => form.slice(0, leastBeginning).join("")).join("|"), "giu");
  const compiled = forms.map((form, at) => ({ characters: form.map(compile), alone: at >= whole.length }));
  return (text) => maskForms(text, beginnings, compiled);
}

function maskForms(text: string, beginnings: RegExp, forms: readonly Form[]): string {
  let masked = "";
  let copied = 0;
  beginnings.lastIndex = 0;
  for (let found = beginnings.exec(text); found !== null; found = beginnings.exec(text)) {
    const end = findEnd(text, found.index, forms);
    if (end === null) {
      beginnings.lastIndex = found.index + ((text.codePointAt(found.index) ?? 0) > 0xffff ? 2 : 1);
      continue;
    }
    masked += `${text.slice(copied, found.index)}***`;
    copied = end;
    beginnings.lastIndex = end;
  }
  return masked + text.slice(copied);
}

/** Where the value that begins here ends; null: none does. */
function findEnd(text: string, start: number, forms: readonly Form[]): number | null {
  const goesOn = (at: number): boolean => letter.test(text.charAt(at));
  for (const { characters, alone } of forms) {
    if (alone && start > 0 && goesOn(start - 1)) continue;
    let end = start;
    let matched = 0;
    for (const pattern of characters) {
      pattern.lastIndex = end;
      if (!pattern.test(text)) break;
      end = pattern.lastIndex;
      matched++;
    }
    if (matched === characters.length && !(alone && goesOn(end))) return end;
    cut.lastIndex = end;
    if (matched >= leastBeginning && cut.test(text)) return end;
  }
  return null;
}

/** The value, and what a URL makes of it: one leaves out breaks of lines and tabs, and spaces at its end. */
function listWritten(value: string): readonly string[] {
  const kept = value.replaceAll(/[\t\n\r]/g, "").trim();
  return kept === value || kept === "" ? [value] : [value, kept];
}

/** A value that is a URL itself is meant to be taken apart: where it leads is no secret. */
function listUrlParts(value: string): readonly string[] {
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(value)) return [];
  const parts = value.split(urlBreak);
  return parts.length === 1 ? [] : parts.filter((part) => part.length >= leastBeginning);
}

/**
 * Patterns for every way in which a URL, a form, a page or a JSON text, or one inside another, may write the
 * characters. Backslashes stay with what they stand before: an escape has some of its own.
 */
function writeCharacters(value: string): string[] {
  const pieces = value.match(/\\*[^\\]|\\+$/gu) ?? [];
  return pieces.map((piece) => {
    const character = piece.replace(/^\\+/u, "");
    const count = piece.length - character.length;
    return `${count === 0 ? "" : writeBackslashes(count)}${character === "" ? "" : writeCharacter(character)}`;
  });
}

/** Every text they are put into doubles them, a URL turns them over. Bounded, or a long run would be searched for minutes. */
function writeBackslashes(count: number): string {
  return `(?:\\\\(?:u005c)?|%(?:25){0,3}5c|/){${count},${4 * count}}`;
}

function writeCharacter(character: string): string {
  const bytes = Buffer.from(character);
  // A URL in a URL encodes the sign again; of a `%` alone that could not be told from what follows it.
  const sign = character === "%" ? "%" : "%(?:25){0,3}";
  const percent = Array.from(bytes, (byte) => `${sign}${toHex(byte, 2)}`).join("");
  const units = Array.from({ length: character.length }, (_, at) => `\\\\{1,7}u${toHex(character.charCodeAt(at), 4)}`);
  const short = /^"\\(.)"$/.exec(JSON.stringify(character))?.[1];
  const ways = [percent, units.join("")];
  if (short !== undefined || character === "/") ways.push(`\\\\{1,7}${short ?? character}`);
  if (character === " ") ways.push("\\+");
  if (character === "+") ways.push("\\x20", "%20");
  if (bytes.length > 1) ways.push(RegExp.escape(bytes.toString("latin1")));
  if (!/[0-9a-z]/i.test(character)) ways.push(writeEntity(character));
  // Last: it may be the beginning of another way, as `%` is of `%25`.
  ways.push(RegExp.escape(character));
  return `(?:${ways.join("|")})`;
}

function writeEntity(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const name = named[character];
  return `&(?:#0*${code}|#x0*${code.toString(16)}${name === undefined ? "" : `|${name}`});`;
}

/** Patterns for the part of the base64 that is the value's alone, for each of the three places it may begin at. */
function listBase64(value: string): string[][] {
  const bytes = Buffer.from(value);
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    const own = encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    if (own.length < leastBase64) return [];
    return [Array.from(own, (sign) => ({ "+": "[+-]", "/": "[/_]" })[sign] ?? sign)];
  });
}

function toHex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
