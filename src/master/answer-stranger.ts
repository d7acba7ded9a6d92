import type { FromSlave, SlaveLink } from "../protocol/link.ts";
import type { Order } from "../protocol/message.ts";
import type { LateFrames } from "./late-frames.ts";

/** Above every token that a store gives out: nobody owns the execution any more. */
const lastToken = Number.MAX_SAFE_INTEGER;

/**
 * Answers a slave that speaks of an execution which has ended, or which this master has never known: it ends its load
 * and forgets it. What it still reports of an ended one is late; of one that nobody knows it belongs to none.
 */
export async function answerStranger(
  slaveId: string,
  link: () => SlaveLink | null,
  { execution, incarnation, fact }: FromSlave & { readonly type: "fact" },
  late: LateFrames,
): Promise<void> {
  const stamp = { executionId: execution, incarnation, token: lastToken, record: 0 };
  const send = (order: Order) => link()?.send({ type: "order", stamp, order });
  if (fact.type === "frame") {
    const taken = await late.add({ executionId: execution, slaveId, incarnation }, fact.frame);
    if (taken?.outcome === "gap") send({ type: "resend", after: taken.high });
    else send({ type: "ack", through: taken?.high ?? fact.frame.number });
  }
  if (fact.type !== "heartbeat") return;
  send({ type: "expel" });
  // Its load is over: no later frame would show what did not come through.
  if (fact.lastFrame !== null) send({ type: "resend", after: null });
  send({ type: "close" });
}
