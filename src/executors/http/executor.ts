import { createThreadAssets } from "../../http/assets/thread-assets.ts";
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
import { compileAssets } from "./compile-assets.ts";
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
  const assets = createThreadAssets();

  function compile(step: Step, stepContext: StepContext) {
    // The step's spec has checked and completed it.
    const config = step.config as unknown as HttpConfig;
    const isExpected = expectStatus(config.expectStatus);
    const isGraphql = config.body?.kind === "graphql";
    const { resources } = config;
    const keepsBody = stepContext.reads.body || isGraphql || resources !== null;
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
    if (resources !== null) own.foresee({ pages: true, tls: true });
    const tags = resources === null ? stepContext.tags : { ...stepContext.tags, resource: "page" };
    const common = {
      settings,
      openSession: own.openSession,
      clock,
      totalTimeoutMs: config.totalTimeoutMs,
      maxRedirects: config.redirect.follow ? config.redirect.maxRedirects : 0,
      usesCookies: http.cookies !== "off",
      digest: compileDigest(config.digest, stepContext),
      maxBody: http.maxBody,
    };
    const operation = createOperation({
      ...common,
      prepare: compileRequest(config, stepContext, { base, userAgent, settings, files }),
      series: new StepSeries(recorder, tags, config.url, isExpected),
    });
    if (isGraphql) return failOnErrors(operation);
    if (resources === null) return operation;
    return compileAssets(operation, resources, config, common, { recorder, step: stepContext, shared: assets });
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
