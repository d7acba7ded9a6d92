import { AssetList, type NamedAssets } from "./asset-list.ts";
import { elements, PageState } from "./elements.ts";
import { readStyle } from "./read-style.ts";

/** What a text names, in its order, up to 5,000 things; `address`: where the text came from. */
export type ReadAssets = (text: string, address: string) => NamedAssets;

const mostNamed = 5_000;

/** More than pages have: who reads one holds up every VU of the thread. */
const longestText = 2_000_000;
/** Of one element. */
const mostAttributes = 100;

/**
 * Makes the reader of pages: what browsers load when a page opens, but what its scripts ask for. Of a page of more than
 * 2,000,000 characters the beginning is read.
 */
export async function createPageReader(): Promise<ReadAssets> {
  // Its parser is no choice: it keeps the open elements, and the time it takes grows with the square of their number.
  const { Tokenizer } = await import("htmlparser2");

  return (text, address) => {
    const list = new AssetList(mostNamed, address);
    const page = new PageState(list, address);
    const beginning = text.slice(0, longestText);
    const nameAt = (start: number, end: number): string => beginning.slice(start, end).toLowerCase();
    let element = "";
    let attributes: Record<string, string> = Object.create(null);
    let count = 0;
    let attribute = "";
    let value = "";

    const tokenizer = new Tokenizer(
      { decodeEntities: true },
      {
        onopentagname(start, end) {
          element = nameAt(start, end);
          attributes = Object.create(null);
          count = 0;
        },
        onattribname(start, end) {
          attribute = nameAt(start, end);
          value = "";
        },
        onattribdata(start, end) {
          value += beginning.slice(start, end);
        },
        onattribentity(codepoint) {
          value += String.fromCodePoint(codepoint);
        },
        onattribend() {
          // The first of a name counts.
          if (count++ < mostAttributes) attributes[attribute] ??= value;
        },
        onopentagend: open,
        onselfclosingtag: open,
        onclosetag(start, end) {
          page.close(nameAt(start, end));
        },
        ontext(start, end) {
          if (page.style !== null) page.style += beginning.slice(start, end);
        },
        ontextentity: nothing,
        oncdata: nothing,
        oncomment: nothing,
        ondeclaration: nothing,
        onprocessinginstruction: nothing,
        onend: nothing,
      },
    );
    tokenizer.write(beginning);
    return list.finish();

    function open(): void {
      page.open(element);
      if (page.inert > 0) return;
      elements.get(element)?.(attributes, page);
      const style = attributes["style"];
      if (style?.includes("url(") === true) readStyle(style, page.base, list);
      if (list.overflows) tokenizer.pause();
    }
  };
}

/** What a stylesheet names; of more than 2,000,000 characters the beginning is read. */
export const readStylesheet: ReadAssets = (text, address) => {
  const list = new AssetList(mostNamed, address);
  readStyle(text.slice(0, longestText), address, list);
  return list.finish();
};

function nothing(): void {
  // Names no asset.
}
