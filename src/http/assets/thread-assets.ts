import { loadPageReader } from "../late-modules.ts";
import type { Session } from "../session.ts";
import { type ReadAssets, readStylesheet } from "./read-page.ts";
import { rememberReading } from "./remember-reading.ts";
import { VuAssets } from "./vu-assets.ts";

/** What all steps of a thread share that load assets. */
export interface ThreadAssets {
  readonly readStyle: ReadAssets;
  readPages(): Promise<ReadAssets>;
  /** What the pages of a VU share, by its session. */
  of(session: Session): VuAssets;
}

export function createThreadAssets(): ThreadAssets {
  const known = new WeakMap<Session, VuAssets>();
  let readPage: Promise<ReadAssets> | null = null;
  return {
    readStyle: rememberReading(readStylesheet),
    readPages() {
      readPage ??= loadPageReader().then((read) => rememberReading(read));
      return readPage;
    },
    of(session) {
      const assets = known.get(session) ?? new VuAssets(session.client);
      known.set(session, assets);
      return assets;
    },
  };
}
