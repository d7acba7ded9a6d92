import { EngineError } from "../../errors.ts";

/** A command as its words, and the line it begins at. */
export interface CommandLine {
  readonly words: readonly string[];
  /** From 1. */
  readonly line: number;
}

const newLine = 0x0a;

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  a: "\u0007",
  b: "\b",
  f: "\f",
  v: "\v",
  e: "\u001b",
};

/**
 * The commands of a text, as a POSIX shell cuts them: quotes, `$'…'`, backslashes, lines that go on, comments, and
 * `;`, `&`, `|` and line ends between commands. Nothing is expanded: `$NAME` stays as it is written.
 * Throws EngineError `invalid_request` for a quote that is never closed.
 */
export function splitCommands(text: string): CommandLine[] {
  const commands: CommandLine[] = [];
  let words: string[] = [];
  let word: string | null = null;
  let line = 1;
  let startLine = 1;
  const endWord = (): void => {
    if (word !== null) words.push(word);
    word = null;
  };
  const endCommand = (): void => {
    endWord();
    if (words.length > 0) commands.push({ words, line: startLine });
    words = [];
  };
  for (let at = 0; at < text.length; ) {
    const character = text.charAt(at);
    if (words.length === 0 && word === null) startLine = line;
    if (character === "\n") {
      endCommand();
      [line, at] = [line + 1, at + 1];
    } else if (/\s/.test(character)) {
      endWord();
      at += 1;
    } else if (/[;&|]/.test(character)) {
      endCommand();
      at += 1;
    } else if (character === "#" && word === null) {
      while (at < text.length && text.charAt(at) !== "\n") at += 1;
    } else {
      const part = readPart(text, at, line);
      word = part.text === null ? word : (word ?? "") + part.text;
      line += countLines(text, at, part.next);
      at = part.next;
    }
  }
  endCommand();
  return commands;
}

interface Part {
  /** null: nothing, not even an empty word. */
  readonly text: string | null;
  readonly next: number;
}

function readPart(text: string, at: number, line: number): Part {
  const character = text.charAt(at);
  if (character === "'") return readQuoted(text, at + 1, "'", line, () => null);
  if (character === '"') return readQuoted(text, at + 1, '"', line, readDouble);
  if (character === "$" && text.charAt(at + 1) === "'") return readQuoted(text, at + 2, "'", line, readAnsi);
  if (character !== "\\") return { text: character, next: at + 1 };
  const end = /\\\r?\n/y;
  end.lastIndex = at;
  const continued = end.exec(text)?.[0];
  if (continued !== undefined) return { text: null, next: at + continued.length };
  return { text: text.charAt(at + 1), next: at + 2 };
}

function readQuoted(
  text: string,
  from: number,
  quote: string,
  line: number,
  readEscape: (text: string, at: number) => Part | null,
): Part {
  let value = "";
  for (let at = from; at < text.length; ) {
    const character = text.charAt(at);
    if (character === quote) return { text: value, next: at + 1 };
    const escape = character === "\\" ? readEscape(text, at) : null;
    value += escape === null ? character : (escape.text ?? "");
    at = escape?.next ?? at + 1;
  }
  throw new EngineError("invalid_request", `line ${line}: a quote ${quote} is never closed`);
}

/** In `"…"` a backslash takes its meaning from `$ \` " \` and a line end alone. */
function readDouble(text: string, at: number): Part | null {
  const next = text.charAt(at + 1);
  if (next === "\n") return { text: null, next: at + 2 };
  return /[$`"\\]/.test(next) && next !== "" ? { text: next, next: at + 2 } : null;
}

function readAnsi(text: string, at: number): Part | null {
  const found = /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|([^]))/y;
  found.lastIndex = at;
  const [all = "", hex, short, long, octal, letter = ""] = found.exec(text) ?? [];
  const code = hex ?? short ?? long;
  if (all === "") return null;
  if (code !== undefined) return { text: toCharacter(Number.parseInt(code, 16)), next: at + all.length };
  if (octal !== undefined) return { text: toCharacter(Number.parseInt(octal, 8)), next: at + all.length };
  const known = escapes[letter];
  return { text: known ?? (/['"\\?]/.test(letter) ? letter : `\\${letter}`), next: at + all.length };
}

function toCharacter(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
}

function countLines(text: string, from: number, to: number): number {
  // Not by indexOf, which looks beyond `to`: a long line would be read again for each of its words.
  let count = 0;
  for (let at = from; at < to; at += 1) if (text.charCodeAt(at) === newLine) count += 1;
  return count;
}
