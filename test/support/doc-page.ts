/**
 * What a page of docs/ asks of its test, in the order of the page. Comments say it, unseen by readers:
 *
 * - `<!-- file: NAME -->` before a block: it is that file.
 * - `<!-- run -->` before a block: the page's shell runs it.
 * - `<!-- ask -->` before a block that changes nothing: the page's shell runs it again until it prints what the page shows.
 * - `<!-- start: NAME -->` before a block: it runs in a terminal of its own, until it is stopped or the page ends; the page
 *   goes on when it has printed what is shown, with `<!-- start: NAME until WORDS -->` those words, else anything.
 * - `<!-- stop: NAME -->` or `<!-- kill: NAME -->` alone: ends that one with SIGTERM or SIGKILL.
 * - `<!-- output -->` before a block: what the last of those printed. A line `…` stands for any lines.
 */
export interface DocPart {
  readonly kind: "file" | "run" | "ask" | "start" | "stop" | "kill" | "output";
  readonly name: string;
  /** Of `start`: what must be printed before the page goes on; "": what it shows, or anything. */
  readonly awaits: string;
  /** The language of its block; of `stop` and `kill` empty. */
  readonly tag: string;
  readonly body: string;
  /** Where the body stands in the page. */
  readonly at: number;
  readonly line: number;
}

const part =
  /^[ \t]*<!-- (file|run|ask|start|stop|kill|output)(?:: (\S+?)(?: until (.+?))?)? -->\n(?:\n?[ \t]*```(\w*)\n([^]*?)^[ \t]*```$)?/gm;

export function readParts(text: string): DocPart[] {
  return [...text.matchAll(part)].map((match) => {
    const [whole, kind, name = "", awaits = "", tag = "", body = ""] = match;
    const line = text.slice(0, match.index).split("\n").length;
    const shown = kind as DocPart["kind"];
    // A comment without a block asks only for an end; what follows it is another's.
    if (shown === "stop" || shown === "kill") {
      return { kind: shown, name, awaits, tag: "", body: "", at: match.index, line };
    }
    if (!whole.includes("```")) throw new Error(`line ${line}: \`${kind}\` has no block`);
    return { kind: shown, name, awaits, tag, body, at: match.index + whole.lastIndexOf("\n") + 1 - body.length, line };
  });
}

/** The page with these bodies in place of those of its parts. */
export function replaceBodies(text: string, parts: readonly DocPart[], bodies: readonly string[]): string {
  let result = text;
  for (const [index, { at, body, kind }] of [...parts.entries()].reverse()) {
    if (kind === "stop" || kind === "kill") continue;
    result = `${result.slice(0, at)}${bodies[index] ?? body}${result.slice(at + body.length)}`;
  }
  return result;
}

/** The blocks of a page with this language. */
export function listBlocks(text: string, tag: string): { readonly body: string; readonly line: number }[] {
  return [...text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].flatMap((match) =>
    match[1] === tag ? [{ body: match[2] ?? "", line: text.slice(0, match.index).split("\n").length }] : [],
  );
}
