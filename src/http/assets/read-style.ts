import type { AssetList } from "./asset-list.ts";

// No part of it can match the same characters in two ways: the time it takes grows with the text, whatever the text is.
const tokens =
  /@(import|namespace|font-face)(?![\w-])|url\(\s*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s"'()]+))\s*\)|"([^"\n]*)"|'([^'\n]*)'|([;{}])/gi;

/**
 * Adds what a stylesheet, or the value of a `style` attribute, names: imported stylesheets, images, and of each
 * `@font-face` the one file that a browser of today would take.
 */
export function readStyle(text: string, base: string, list: AssetList): void {
  let rule = "";
  let fonts: string[] = [];
  for (const token of withoutComments(text).matchAll(tokens)) {
    const [, at, ...texts] = token;
    const mark = texts[5];
    if (at !== undefined) {
      rule = at.toLowerCase();
      fonts = [];
    } else if (mark === undefined) {
      const url = texts[0] ?? texts[1] ?? texts[2];
      const named = url ?? texts[3] ?? texts[4];
      if (rule === "import") list.add("style", named, base);
      else if (rule === "font-face") fonts.push(...(url === undefined ? [] : [url]));
      else if (rule === "") list.add("image", url, base);
      // What follows the URL of an import are conditions.
      if (rule === "import") rule = "imported";
      if (list.overflows) return;
    } else if (mark === "}" || (mark === ";" && rule !== "font-face")) {
      if (rule === "font-face") list.add("font", chooseFont(fonts), base);
      rule = "";
    }
  }
}

function chooseFont(urls: readonly string[]): string | undefined {
  const withType = (type: RegExp) => urls.find((url) => type.test(url));
  return withType(/\.woff2(?:[?#]|$)/i) ?? withType(/\.woff(?:[?#]|$)/i) ?? urls.at(-1);
}

function withoutComments(text: string): string {
  let kept = "";
  let from = 0;
  for (;;) {
    const start = text.indexOf("/*", from);
    if (start < 0) return kept + text.slice(from);
    kept += `${text.slice(from, start)} `;
    const end = text.indexOf("*/", start + 2);
    if (end < 0) return kept;
    from = end + 2;
  }
}
