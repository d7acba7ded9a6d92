import type { AssetList } from "./asset-list.ts";
import type { ReadAssets } from "./read-page.ts";

const mostTexts = 32;
/** In characters: longer ones are read each time. */
const longestKept = 262_144;

/** The same reading; what has not changed since it was last had from its address is not read again. */
export function rememberReading(read: ReadAssets): ReadAssets {
  const known = new Map<string, { readonly text: string; readonly list: AssetList }>();
  return (text, address) => {
    const latest = known.get(address);
    if (latest?.text === text) return latest.list;
    const list = read(text, address);
    if (text.length <= longestKept) {
      if (latest === undefined && known.size >= mostTexts) known.delete(known.keys().next().value ?? "");
      known.set(address, { text, list });
    }
    return list;
  };
}
