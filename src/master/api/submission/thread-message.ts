import type { ErrorCode } from "../../../errors.ts";
import type { Problem } from "../../../protocol/problem.ts";
import type { RawBody } from "../read-body.ts";
import type { ReadSubmission } from "./read-submission.ts";

/** What the reading thread is given. */
export interface ReadRequest {
  readonly body: RawBody;
  /** Where uploads get folders of their own. */
  readonly uploads: string;
}

/** Its only answer: what was read, or the error in plain words. */
export type ReadAnswer =
  | { readonly read: ReadSubmission }
  | { readonly error: { readonly code: ErrorCode; readonly message: string; readonly problems: readonly Problem[] } };
