import { describePoint } from "./json.ts";
import type { OpenOutput } from "./output.ts";
import { bearer, createPoster, splitLogin } from "./post.ts";

/** Posts JSON: `{type: "start" | "points" | "event" | "end", execution_id, workflow_id, workflow_name, …}`. */
export const openWebhook: OpenOutput = async ({ spec, context, refuses }) => {
  const { url, headers } = splitLogin(spec.target);
  const poster = createPoster({
    url,
    headers: { "content-type": "application/json", ...headers, ...bearer(spec.token), ...spec.headers },
    refuses,
  });
  const { executionId, workflowId, workflowName } = context;
  const own = { execution_id: executionId, workflow_id: workflowId, workflow_name: workflowName };
  const write = (message: object) => Buffer.from(JSON.stringify(message));
  return {
    measures: "intervals",
    encode: (points) =>
      write({ type: "points", ...own, points: points.map((point) => describePoint(point, spec.intervalMs)) }),
    encodeEvent: ({ type, ...rest }) => write({ type, ...own, ...rest }),
    send: poster.post,
    close: async () => poster.close(),
  };
};
