import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as wait } from "node:timers/promises";
import { EngineError } from "../errors.ts";
import { inputHeaders } from "../protocol/link.ts";
import { createKeyHeaders, type DialSecurity } from "./dial.ts";
import type { InputSource } from "./execution-inputs.ts";

/** The master that a slave is joined to now, and the ticket that it gave the link. */
export interface JoinedMaster {
  /** `http://host:port`. */
  readonly url: string;
  readonly ticket: string;
}

const tries = 4;
const betweenMs = 500;

/** Fetches files over the API of the master that the slave is joined to; a connection that breaks is tried again. */
export function createInputFetcher(
  slaveId: string,
  security: () => DialSecurity,
  joined: () => JoinedMaster | null,
): InputSource {
  return {
    async fetch(executionId, file, to, signal) {
      let failure = "no master is joined";
      for (let attempt = 0; attempt < tries && !signal.aborted; attempt++) {
        // Only the signal cuts it short, which the loop and the try look at.
        if (attempt > 0) await wait(betweenMs * attempt, undefined, { signal }).catch(() => undefined);
        const master = joined();
        if (master === null) continue;
        const answer = await tryOnce(master, { executionId, hash: file.hash, size: file.size, to, signal });
        if (answer === null) return;
        failure = answer;
      }
      throw new EngineError("start_failed", `the file ${file.name} did not come from the master: ${failure}`);
    },
  };

  async function tryOnce(
    { url, ticket }: JoinedMaster,
    wanted: { executionId: string; hash: string; size: number; to: string; signal: AbortSignal },
  ): Promise<string | null> {
    const { executionId, hash, size, to, signal } = wanted;
    const { apiKey, ca, cert, key } = security();
    const start = url.startsWith("https:") ? requestSecure : requestPlain;
    try {
      const answered = Promise.withResolvers<IncomingMessage>();
      const outgoing = start(`${url}/api/v1/executions/${encodeURIComponent(executionId)}/inputs/${hash}`, {
        signal,
        agent: false,
        headers: {
          [inputHeaders.slave]: encodeURIComponent(slaveId),
          [inputHeaders.ticket]: ticket,
          ...createKeyHeaders(apiKey),
        },
        ...(ca === null ? {} : { ca }),
        ...(cert === null ? {} : { cert }),
        ...(key === null ? {} : { key }),
      });
      outgoing.on("response", answered.resolve);
      outgoing.on("error", answered.reject);
      outgoing.end();
      const response = await answered.promise;
      if (response.statusCode !== 200) {
        response.resume();
        return `it answered ${response.statusCode}`;
      }
      const digest = createHash("sha256");
      let received = 0;
      const meter = new Transform({
        transform(chunk: Buffer, _encoding, next) {
          digest.update(chunk);
          received += chunk.length;
          next(received > size ? new Error("it is longer than it was said to be") : null, chunk);
        },
      });
      await pipeline(response, meter, createWriteStream(to, { mode: 0o600 }), { signal });
      return digest.digest("hex") === hash ? null : "its bytes are not those that were submitted";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
