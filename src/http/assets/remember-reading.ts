import type { NamedAssets } from "./asset-list.ts";
import type { ReadAssets } from "./read-page.ts";

/** In characters, of all texts together. */
const mostKept = 4_000_000;

/** The same reading; what has not changed since it was last had from its address is not read again. */
export function rememberReading(read: ReadAssets, most = mostKept): ReadAssets {
  const known = new Map<string, { readonly text: string; readonly named: NamedAssets }>();
  let kept = 0;

  function forget(address: string): void {
    kept -= known.get(address)?.text.length ?? 0;
    known.delete(address);
  }

  return (text, address) => {
    const latest = known.get(address);
    if (latest?.text === text) return latest.named;
    const named = read(text, address);
    forget(address);
    if (text.length > most) return named;
    for (const oldest of known.keys()) {
      if (kept + text.length <= most) break;
      forget(oldest);
    }
    kept += text.length;
    known.set(address, { text, named });
    return named;
  };
}
