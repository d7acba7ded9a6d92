import { createRequire } from "node:module";
import type * as StringWidth from "string-width";

const require = createRequire(import.meta.url);

/** Latin letters and the marks of a summary: one column each, whatever stands beside them. */
const alwaysNarrow = /^[\x20-\x7e\xa1-\xac\xae-\u02ff–…✓✗]*$/;

/** The columns a text takes on a terminal: two for a wide character, none for a combining one. */
export function measureWidth(text: string): number {
  return alwaysNarrow.test(text) ? text.length : loadStringWidth()(text);
}

let stringWidth: typeof StringWidth.default | null = null;

/** Its tables of emoji take a fifth of the time that a whole short run takes: loaded for those who need them. */
function loadStringWidth(): typeof StringWidth.default {
  stringWidth ??= (require("string-width") as typeof StringWidth).default;
  return stringWidth;
}
