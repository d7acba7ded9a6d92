import type { BrokerType, MqAction } from "./mq-config.ts";

/**
 * Why a broker takes no such topic, queue or subject; null: it may. Some brokers end the connection for it, which all
 * VUs of a thread share, or take a message that reaches nobody.
 */
export function findDestinationProblem(type: BrokerType, action: MqAction, destination: string): string | null {
  const shown = `\`${destination.slice(0, 60)}\``;
  if (/\p{Cc}/u.test(destination)) return `${shown} holds control characters; remove them`;
  if (type === "mqtt" && action === "publish" && /[+#]/.test(destination))
    return `${shown} is a filter for consumers; a message goes to one topic, without + and #`;
  if (type !== "nats" && type !== "jetstream") return null;
  const tokens = destination.split(".");
  if (tokens.includes("") || /\s/.test(destination))
    return `${shown} is no subject; write words without blanks, with a dot between them`;
  if (action === "publish" && (tokens.includes("*") || tokens.includes(">")))
    return `${shown} is a filter for consumers; a message goes to one subject, without * and >`;
  return null;
}
