import { Worker } from "node:worker_threads";
import { EngineError } from "../../../errors.ts";
import type { RawBody } from "../read-body.ts";
import { type ReadSubmission, readSubmission } from "./read-submission.ts";
import type { ReadAnswer, ReadRequest } from "./thread-message.ts";

/** Reads bodies that name workflows. Rejects with EngineError `invalid_request`, `rate_limited`, `too_large`. */
export interface SubmissionReader {
  read(body: RawBody | null): Promise<ReadSubmission>;
}

/** Texts up to this many characters take a few milliseconds; the leases of all slaves wait for no longer ones. */
const largestHere = 64 * 1024;
const deadlineMs = 30_000;
const mostWaiting = 16;

/** Small texts are read at once, large ones one after the other in a thread that is ended when it takes too long. */
export function createSubmissionReader(uploads: string): SubmissionReader {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return {
    async read(body) {
      if (body === null || body.text.length <= largestHere) return readSubmission(body, uploads);
      if (waiting >= mostWaiting) {
        throw new EngineError("rate_limited", `${waiting} large workflows are being read; send it again in a moment`);
      }
      waiting++;
      const turn = Promise.withResolvers<void>();
      const before = last;
      last = turn.promise;
      try {
        await before;
        return await readInThread({ body, uploads });
      } finally {
        waiting--;
        turn.resolve();
      }
    },
  };
}

async function readInThread(request: ReadRequest): Promise<ReadSubmission> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const thread = new Worker(new URL(`./thread.${extension}`, import.meta.url), {
    workerData: request,
    resourceLimits: { maxOldGenerationSizeMb: 1_024 },
  });
  const answered = Promise.withResolvers<ReadAnswer>();
  const tooMuch = (cause?: unknown): EngineError =>
    new EngineError("too_large", "the workflow takes more time or memory to read than any real one; make it smaller", {
      cause,
    });
  thread.once("message", (answer: ReadAnswer) => answered.resolve(answer));
  thread.once("error", (error) => answered.reject(tooMuch(error)));
  thread.once("exit", () => answered.reject(tooMuch()));
  const deadline = setTimeout(() => answered.reject(tooMuch()), deadlineMs);
  try {
    const answer = await answered.promise;
    if ("read" in answer) return answer.read;
    throw new EngineError(answer.error.code, answer.error.message, { problems: answer.error.problems });
  } finally {
    clearTimeout(deadline);
    await thread.terminate();
  }
}
