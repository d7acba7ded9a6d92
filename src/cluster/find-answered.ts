import type { Fact, Order } from "../protocol/message.ts";

const answeredOrders: Partial<Record<Fact["type"], Order["type"]>> = {
  prepared: "prepare",
  prepare_failed: "prepare",
  setup_done: "setup",
  setup_failed: "setup",
  started: "start",
  teardown_done: "teardown",
  teardown_failed: "teardown",
  closed: "close",
};

/** The order that a fact answers, and answers again when it is repeated; null: none that is remembered. */
export function findAnswered({ type }: Fact): Order["type"] | null {
  return answeredOrders[type] ?? null;
}
