import type { DomUtils } from "htmlparser2";
import { EngineError } from "../../errors.ts";
import type { StepResult } from "../../protocol/step.ts";
import { type CompileMarkup, keepTrees } from "./markup-query.ts";
import { checkDepth, readMarkup } from "./markup-text.ts";

type AnyNode = Parameters<typeof DomUtils.textContent>[0] extends infer Node | readonly (infer _)[] ? Node : never;
type Element = Parameters<typeof DomUtils.getChildren>[0];

/** `a.next@href`: the attribute behind the selector. */
const withAttribute = /^(.*[^\s])\s*@([A-Za-z_][\w:.-]*)$/s;

/**
 * Loads the reading of pages by CSS selectors. A match is the text of the element without the blanks around it, or the
 * attribute that `@name` behind the selector asks for; an element without it is no match.
 */
export async function loadCss(): Promise<CompileMarkup> {
  const [{ DomUtils, parseDocument }, { compile, selectAll, selectOne }] = await Promise.all([
    import("htmlparser2"),
    import("css-select"),
  ]);

  const treeOf = keepTrees((result) => {
    const { text, isHtml } = readMarkup(result);
    const root = parseDocument(text, { xmlMode: !isHtml });
    checkDepth<AnyNode>(root, (node) => ("children" in node ? node.children : []));
    return { root, isHtml };
  });

  return (path) => {
    const [, selector = path, attribute] = withAttribute.exec(path) ?? [];
    const plain = compileSelector(selector, false);
    const strict = compileSelector(selector, true);
    const read = (element: AnyNode | null): string | undefined => {
      if (element === null) return undefined;
      if (attribute === undefined) return DomUtils.textContent(element).trim();
      return "attribs" in element ? element.attribs[attribute] : undefined;
    };
    const search = (result: StepResult) => {
      const { root, isHtml } = treeOf(result);
      return { root, query: isHtml ? plain : strict };
    };
    return {
      first(result) {
        const { root, query } = search(result);
        if (attribute === undefined) return read(selectOne(query, root.children));
        return selectAll(query, root.children)
          .map(read)
          .find((value) => value !== undefined);
      },
      all(result) {
        const { root, query } = search(result);
        return selectAll(query, root.children)
          .map(read)
          .filter((value) => value !== undefined);
      },
    };
  };

  function compileSelector(selector: string, xmlMode: boolean) {
    try {
      if (/^\s*(?:@|$)/.test(selector)) throw new Error("there is no selector");
      return compile<AnyNode, Element>(selector, { xmlMode });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new EngineError("invalid_workflow", `the CSS selector \`${selector}\` is not valid: ${why}`, { cause });
    }
  }
}
