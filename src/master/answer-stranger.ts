import type { FromSlave, SlaveLink } from "../protocol/link.ts";
import type { Order } from "../protocol/message.ts";

/** Above every token that a store gives out: nobody owns the execution any more. */
const lastToken = Number.MAX_SAFE_INTEGER;

/**
 * Answers a slave that speaks of an execution which has ended, or which this master has never known: it ends its load
 * and forgets it. What it still reports is in the report already, or belongs to none.
 */
export function answerStranger(
  link: SlaveLink | null,
  { execution, incarnation, fact }: FromSlave & { readonly type: "fact" },
): void {
  const stamp = { executionId: execution, incarnation, token: lastToken };
  const send = (order: Order) => link?.send({ type: "order", stamp, order });
  if (fact.type === "frame") send({ type: "ack", through: fact.frame.number });
  if (fact.type !== "heartbeat") return;
  send({ type: "expel" });
  send({ type: "close" });
}
