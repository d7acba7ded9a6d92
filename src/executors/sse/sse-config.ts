import type { HttpTargetConfig } from "../../driver/http-target.ts";
import type { Json } from "../../protocol/json.ts";
import type { MessageMatch } from "../../driver/message-match.ts";
import type { HttpTls } from "../../protocol/workflow.ts";

export type SseAction = "connect" | "receive" | "close";

/** An sse step's config, checked and complete. Texts may be templates. */
export interface SseConfig extends HttpTargetConfig {
  readonly action: SseAction;
  /** What the VU calls this stream; null: its URL does. */
  readonly name: string | null;
  readonly method: string;
  readonly body: { readonly text: string } | { readonly json: Json } | null;
  /** The name of the events to take; null: any. */
  readonly event: string | null;
  readonly match: MessageMatch | null;
  /** How many events the step takes; `all`: until the server ends the stream. */
  readonly count: number | "all";
  /** null: that of the latest event, where there is one. */
  readonly lastEventId: string | null;
  readonly connectTimeoutMs: number;
  /** For the whole step. */
  readonly timeoutMs: number;
  /** The most bytes of an event, of all that nobody has taken, and of what a step takes. */
  readonly maxBytes: number;
  /** The most events that nobody has taken. */
  readonly maxEvents: number;
  readonly tls: HttpTls;
}
