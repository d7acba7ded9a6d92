import { expectStatus } from "../../http/expected-status.ts";
import { findBase } from "../../http/find-base.ts";
import { compileText } from "../../http/compiled-text.ts";
import { checkHeader } from "../../http/header-rules.ts";
import { createOperation, type OperationOptions } from "../../http/operation.ts";
import { StepSeries } from "../../http/series.ts";
import { shareHttp } from "../../http/thread-http.ts";
import { readUserAgent } from "../../http/user-agent.ts";
import type { Recorder } from "../../measure/recorder.ts";
import type { Executor, ExecutorContext, StepContext } from "../../protocol/step.ts";
import type { Step } from "../../protocol/workflow.ts";
import { BodyFiles } from "./body-files.ts";
import { failOnErrors } from "./graphql-errors.ts";
import type { HttpConfig } from "../../protocol/http-config.ts";
import { compileRequest } from "./request.ts";

/** Performs `http` steps. One per thread and execution; connections and cookies belong to the VU. */
export function createHttpExecutor(context: ExecutorContext, recorder: Recorder): Executor {
  const { clock } = context;
  const { http } = context.workflow;
  const own = shareHttp(context);
  const userAgent = readUserAgent();
  const files = new BodyFiles(context.files);

  function compile(step: Step, stepContext: StepContext) {
    // The step's spec has checked and completed it.
    const config = step.config as unknown as HttpConfig;
    const isExpected = expectStatus(config.expectStatus);
    const isGraphql = config.body?.kind === "graphql";
    const keepsBody = stepContext.reads.body || isGraphql;
    const settings = {
      // Charset and content-encoding stand in the headers.
      keepHeaders: config.digest !== null || stepContext.reads.headers || keepsBody,
      keepBody: keepsBody,
      expects: config.expectStatus === null ? null : isExpected,
      lastOnConnection: http.connections === "none" || asksToClose(config),
      connectTimeoutMs: config.connectTimeoutMs,
      tls: config.tls,
      version: config.version,
      chooseProxy: own.chooseProxy(config.proxy),
    };
    const base = findBase(config.domain, http, step.id);
    if (/^https:/i.test(config.url) || (base !== null && /^https:/i.test(base))) own.foresee({ tls: true });
    if (config.version !== "1.1") own.foresee({ http2: true });
    if (http.cookies !== "off") own.foresee({ cookies: true });
    if (keepsBody) own.foresee({ bodies: true });
    const operation = createOperation({
      prepare: compileRequest(config, stepContext, { base, userAgent, settings, files }),
      settings,
      series: new StepSeries(recorder, stepContext.tags, config.url, isExpected),
      openSession: own.openSession,
      clock,
      totalTimeoutMs: config.totalTimeoutMs,
      maxRedirects: config.redirect.follow ? config.redirect.maxRedirects : 0,
      usesCookies: http.cookies !== "off",
      digest: compileDigest(config.digest, stepContext),
      maxBody: http.maxBody,
    });
    return isGraphql ? failOnErrors(operation) : operation;
  }

  return {
    compile,
    async prepare() {
      await own.prepare();
      await files.open();
    },
    async close() {
      await own.close();
      await files.close();
    },
  };
}

function compileDigest(digest: HttpConfig["digest"], templates: StepContext): OperationOptions["digest"] {
  if (digest === null) return null;
  const username = compileText(digest.username, templates);
  const password = compileText(digest.password, templates);
  return (vu) => ({
    username: checkHeader("authorization", username.evaluate(vu)),
    password: password.evaluate(vu),
  });
}

function asksToClose(config: HttpConfig): boolean {
  return config.headers.some(([name, value]) => name === "connection" && value.trim().toLowerCase() === "close");
}
