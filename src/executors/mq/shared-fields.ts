import type { BrokerType } from "./mq-config.ts";

/** Brokers whose messages have no key: it travels as the header of this name. */
const keyedByHeader: ReadonlySet<BrokerType> = new Set<BrokerType>(["nats", "jetstream", "mqtt", "redis"]);

/** Why a message cannot have a header of this name, since something else is in that field; null: it can. */
export function findHeaderClash(type: BrokerType, header: string, hasKey: boolean): string | null {
  if (type === "redis" && header === "body")
    return "the field `body` of an entry is the message itself; call the header otherwise";
  if (header === "key" && hasKey && keyedByHeader.has(type))
    return `the step's \`key\` is the header \`key\` of a ${type} message; keep one, or call the header otherwise`;
  return null;
}
