import type { VirtualUser } from "../protocol/step.ts";
import type { Draft } from "./draft.ts";
import type { WireRequest } from "./exchange.ts";

/** A request as it goes out where the VU's jar has nothing for it, and the draft that makes the others. */
export interface PreparedRequest {
  readonly draft: Draft;
  readonly wire: WireRequest;
}

/** Makes the next request of a VU. Throws EngineError `template` for its data, `invalid_request` for its URL. */
export type PrepareRequest = (vu: VirtualUser) => PreparedRequest;
