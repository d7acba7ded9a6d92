import type { Document, Element } from "@xmldom/xmldom";

/** Makes a tree of a text; null: it is to be XML and is not well-formed. Fetches nothing and expands no entity. */
export type ParseTree = (text: string, isHtml: boolean) => Document | null;

/** Names that a tree can hold; pages have others as well. */
const plainName = /^[A-Za-z_][\w.-]*$/;

/** Loads the parsers: of XML, and of pages as browsers read them. */
export async function createTreeParser(): Promise<ParseTree> {
  const [{ DOMImplementation, DOMParser, ParseError }, { Parser }] = await Promise.all([
    import("@xmldom/xmldom"),
    import("htmlparser2"),
  ]);

  function parseXml(text: string): Document | null {
    try {
      const parser = new DOMParser({
        locator: false,
        onError: (level, message) => {
          if (level !== "warning") throw new ParseError(message);
        },
      });
      return parser.parseFromString(text.replace(/^\s+(?=<\?xml)/, ""), "text/xml");
    } catch {
      // Not well-formed, which is an answer like any other here.
      return null;
    }
  }

  function parsePage(text: string): Document {
    const document = new DOMImplementation().createDocument(null, "html");
    const root = document.documentElement;
    if (root === null) return document;
    const open: Element[] = [root];
    const innermost = (): Element => open.at(-1) ?? root;
    const parser = new Parser({
      onopentag(name, attributes) {
        // Pages may leave it out, and what stands beside it belongs to it.
        const isRoot = name === "html" && innermost() === root;
        const element = isRoot ? root : document.createElement(plainName.test(name) ? name : "unknown");
        for (const [key, value] of Object.entries(attributes)) {
          if (plainName.test(key)) element.setAttribute(key, value);
        }
        if (!isRoot) innermost().appendChild(element);
        open.push(element);
      },
      ontext(data) {
        innermost().appendChild(document.createTextNode(data));
      },
      onclosetag() {
        open.pop();
      },
    });
    parser.end(text);
    return document;
  }

  return (text, isHtml) => (isHtml ? parsePage(text) : parseXml(text));
}
