import type { IncomingMessage } from "node:http";

const longestBody = 4_096;

/** What a master that takes no link says instead: its status and the message in its body. */
export async function describeRefusal(response: IncomingMessage): Promise<string> {
  let text = "";
  response.setEncoding("utf8");
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > longestBody) break;
  }
  response.destroy();
  const message = readMessage(text);
  return `it answered ${response.statusCode ?? 0}${message === "" ? "" : `: ${message}`}`;
}

function readMessage(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && "message" in body && typeof body.message === "string") {
      return body.message.slice(0, 500);
    }
  } catch {
    // Not from a master of ours: its status says enough.
    return "";
  }
  return "";
}
