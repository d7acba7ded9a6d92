import type { HttpTargetConfig } from "../../driver/http-target.ts";
import type { BytesEncoding } from "../../protocol/encoded-bytes.ts";
import type { MessageMatch } from "../../driver/message-match.ts";
import type { Json } from "../../protocol/json.ts";
import type { HttpTls } from "../../protocol/workflow.ts";

export type WebSocketAction = "connect" | "send" | "receive" | "ping" | "close";

/** A websocket step's config, checked and complete. Texts may be templates. */
export interface WebSocketConfig extends HttpTargetConfig {
  readonly action: WebSocketAction;
  /** What the VU calls this connection; null: its URL does. */
  readonly name: string | null;
  /** Templates, in order of preference. */
  readonly subprotocols: readonly string[];
  /** Offer permessage-deflate. */
  readonly compression: boolean;
  /** null: nothing to send. */
  readonly body: { readonly text: string } | { readonly json: Json } | null;
  /** How `data` is written and binary messages are shown. */
  readonly encoding: BytesEncoding;
  readonly match: MessageMatch | null;
  /** How many messages the step takes; 0: it does not wait. */
  readonly count: number;
  /** The close code that is sent. */
  readonly code: number;
  readonly reason: string;
  readonly connectTimeoutMs: number;
  /** For the whole step. */
  readonly timeoutMs: number;
  /** The most bytes of a message, of all that nobody has taken, and of what a step takes. */
  readonly maxBytes: number;
  /** The most messages that nobody has taken. */
  readonly maxMessages: number;
  readonly tls: HttpTls;
}
