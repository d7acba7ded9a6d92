import type { BrokerType, MqAction } from "./mq-config.ts";

/** Why no broker takes such a name of a client, group, exchange, stream or topic; null: one may. */
export function findNameProblem(name: string): string | null {
  return /\p{Cc}/u.test(name) ? `${show(name)} holds control characters; remove them` : null;
}

/**
 * Why a broker takes no such topic, queue or subject; null: it may. Some brokers end the connection for it, which all
 * VUs of a thread share, or take a message that reaches nobody.
 */
export function findDestinationProblem(type: BrokerType, action: MqAction, destination: string): string | null {
  const problem = findNameProblem(destination);
  if (problem !== null) return problem;
  const shown = show(destination);
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

function show(name: string): string {
  return `\`${name.slice(0, 60)}\``;
}
