import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** One request as it came. */
export interface RecordedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** A server that keeps every request and answers 200 with `answer`, or what `status` says of its path. */
export interface RecordingTarget {
  readonly url: string;
  readonly requests: readonly RecordedRequest[];
}

/** Starts one on a free port; it ends with the test. */
export async function startRecordingTarget(
  answer: unknown,
  statuses: Readonly<Record<string, number>> = {},
): Promise<RecordingTarget> {
  const requests: RecordedRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      requests.push({ method, path: url, headers, body: Buffer.concat(chunks).toString("utf8") });
      response.writeHead(statuses[url] ?? 200, { "content-type": "application/json", "set-cookie": "given=1" });
      response.end(JSON.stringify(answer));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}
