import type { Assertion, Extraction } from "../../protocol/workflow.ts";

/** What must be kept of an answer for an assertion or extraction. */
export interface ResultReads {
  readonly body: boolean;
  readonly headers: boolean;
}

/** What an assertion or extraction looks at. */
export function readsOf(item: Assertion | Extraction): ResultReads {
  const source = "from" in item ? item.from : item.type;
  switch (source) {
    case "status":
    case "duration":
      return { body: false, headers: false };
    case "header":
    case "cookie":
      return { body: false, headers: true };
    default:
      return { body: true, headers: false };
  }
}
