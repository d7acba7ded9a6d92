import { parentPort, workerData } from "node:worker_threads";
import { EngineError } from "../../../errors.ts";
import { readSubmission } from "./read-submission.ts";
import type { ReadAnswer, ReadRequest } from "./thread-message.ts";

const { body, uploads } = workerData as ReadRequest;
parentPort?.postMessage(answer());

function answer(): ReadAnswer {
  try {
    return { read: readSubmission(body, uploads) };
  } catch (error) {
    if (error instanceof EngineError)
      return { error: { code: error.code, message: error.message, problems: error.problems } };
    throw error;
  }
}
