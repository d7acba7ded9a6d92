import type { SecureClientSessionOptions } from "node:http2";

/** Bytes that a server may send ahead on one stream, and the reader has them at once: the window is only for the way. */
const streamWindow = 1 << 20;
/** The same for all streams of a session. */
export const sessionWindow = 1 << 22;

/**
 * What a session is made with. A server that sends floods meets Node's bounds: invalid frames, refused streams,
 * acknowledgements that wait and memory end the session.
 */
export function sessionSettings(maxHeader: number): SecureClientSessionOptions {
  return {
    maxHeaderListPairs: 1_000,
    maxSessionMemory: 32,
    maxSettings: 32,
    settings: { enablePush: false, initialWindowSize: streamWindow, maxHeaderListSize: maxHeader },
  };
}
