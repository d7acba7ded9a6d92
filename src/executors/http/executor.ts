import { readFileSync } from "node:fs";
import { EngineError } from "../../errors.ts";
import { loadTls } from "../../http/tls.ts";
import { createTransport } from "../../http/transport.ts";
import type { Recorder } from "../../measure/recorder.ts";
import type { Executor, ExecutorContext, StepContext, VirtualUser } from "../../protocol/step.ts";
import type { HttpDefaults, Step } from "../../protocol/workflow.ts";
import type { HttpConfig } from "./http-config.ts";
import { loadCookieJar, loadDecoder } from "./late-modules.ts";
import { createOperation } from "./operation.ts";
import { compileRequest } from "./request.ts";
import { StepSeries } from "./series.ts";
import { Session } from "./session.ts";

/** Performs `http` steps over HTTP/1.1. One per thread and execution; connections and cookies belong to the VU. */
export function createHttpExecutor(context: ExecutorContext, recorder: Recorder): Executor {
  const { workflow, clock, permit, slot } = context;
  const { http } = workflow;
  const transport = createTransport(http, { clock, permit });
  const userAgent = `workflow-engine/${readVersion()}`;
  const foreseen = { tls: false, cookies: false, bodies: false };

  function openSession(vu: VirtualUser): Session {
    const known = vu.resources[slot];
    if (known !== undefined) return known as Session;
    const session = new Session(transport.client(vu.signal), vu, http);
    vu.resources[slot] = session;
    return session;
  }

  function compile(step: Step, stepContext: StepContext) {
    // The step's spec has checked and completed it.
    const config = step.config as unknown as HttpConfig;
    const isExpected = makeExpectation(config.expectStatus);
    const settings = {
      // Charset and content-encoding stand in the headers.
      keepHeaders: stepContext.reads.headers || stepContext.reads.body,
      keepBody: stepContext.reads.body,
      expects: config.expectStatus === null ? null : isExpected,
      lastOnConnection: http.connections === "none" || asksToClose(config),
      connectTimeoutMs: config.connectTimeoutMs,
      tls: config.tls,
    };
    const base = findBase(config, http, step);
    foreseen.tls ||= /^https:/i.test(config.url) || (base !== null && /^https:/i.test(base));
    foreseen.cookies ||= http.cookies !== "off";
    foreseen.bodies ||= stepContext.reads.body;
    return createOperation({
      prepare: compileRequest(config, stepContext, { base, userAgent, settings }),
      settings,
      series: new StepSeries(recorder, stepContext.tags, config.url, isExpected),
      openSession,
      clock,
      totalTimeoutMs: config.totalTimeoutMs,
      maxRedirects: config.redirect.follow ? config.redirect.maxRedirects : 0,
      usesCookies: http.cookies !== "off",
      maxBody: http.maxBody,
    });
  }

  return { compile, prepare: () => loadForeseen(foreseen), close: () => transport.close() };
}

/** Modules that an answer may call for. Loading one takes tens of milliseconds, in which every VU would stand. */
async function loadForeseen(foreseen: { tls: boolean; cookies: boolean; bodies: boolean }): Promise<void> {
  if (foreseen.tls) loadTls();
  if (foreseen.cookies) await loadCookieJar();
  if (foreseen.bodies) await loadDecoder();
}

function findBase(config: HttpConfig, http: HttpDefaults, step: Step): string | null {
  if (config.domain === null) return http.baseUrl;
  if (Object.hasOwn(http.domains, config.domain)) return http.domains[config.domain] ?? null;
  const known = Object.keys(http.domains).join(", ");
  throw new EngineError(
    "invalid_workflow",
    `step \`${step.id}\`: domain \`${config.domain}\` is not in options.http.domains (${known === "" ? "none there" : known})`,
  );
}

function asksToClose(config: HttpConfig): boolean {
  return config.headers.some(([name, value]) => name === "connection" && value.trim().toLowerCase() === "close");
}

function makeExpectation(ranges: HttpConfig["expectStatus"]): (status: number) => boolean {
  if (ranges === null) return (status) => status >= 200 && status < 400;
  return (status) => ranges.some(([low, high]) => status >= low && status <= high);
}

/** The package's version; its file lies beside both `src` and `dist`. */
function readVersion(): string {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
