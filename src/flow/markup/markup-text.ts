import { valueError } from "../../expression/template-error.ts";
import type { StepResult } from "../../protocol/step.ts";

/** More than pages have: a tree takes a hundred times its text, and whoever builds it holds up every VU of the thread. */
const longestText = 2_000_000;
const mostTags = 40_000;
/** How deep elements nest. */
const maxDepth = 1_000;

/** A text of an answer that is to be read as a tree. */
export interface MarkupText {
  readonly text: string;
  /** It is read as browsers read pages, whatever is wrong with it; else as XML, which is right or nothing. */
  readonly isHtml: boolean;
}

/**
 * The body of a result; XML by its content type or its declaration, HTML else. Throws EngineError `template` for one of
 * more than 2,000,000 characters or 40,000 tags.
 */
export function readMarkup(result: StepResult): MarkupText {
  const text = result.text();
  if (text.length > longestText) {
    throw valueError(`the answer of ${text.length} characters is too long for xpath and css (at most ${longestText})`);
  }
  let tags = 0;
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at + 1)) tags++;
  if (tags > mostTags)
    throw valueError(`the answer has ${tags} tags, too many for xpath and css (at most ${mostTags})`);
  const type = result.header("content-type")[0] ?? "";
  if (/\bhtml\b/i.test(type) && !/xhtml/i.test(type)) return { text, isHtml: true };
  return { text, isHtml: !/xml/i.test(type) && !/^\uFEFF?\s*<\?xml\s/.test(text) };
}

/** Throws EngineError `template` for a tree of more than 1,000 levels: those who walk it have a stack. */
export function checkDepth<Node>(root: Node, childrenOf: (node: Node) => Iterable<Node>): void {
  let level: Node[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) throw valueError(`the answer nests its elements deeper than ${maxDepth} levels`);
    level = level.flatMap((node) => [...childrenOf(node)]);
  }
}
