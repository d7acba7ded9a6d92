import { EngineError } from "../errors.ts";
import type { CookieJar } from "./cookie-jar.ts";
import type { Exchange, ExchangeListener } from "./exchange.ts";
import { isRedirect, resolveLocation } from "./redirect.ts";
import type { Clock } from "../protocol/ports.ts";
import type { Failure, VirtualUser } from "../protocol/step.ts";
import { answerChallenge, type Credentials, readChallenge } from "./digest.ts";
import type { Draft, WireSettings } from "./draft.ts";
import { redirectDraft, writeRequest } from "./draft.ts";
import { loadCookieJar, loadDecoder } from "./late-modules.ts";
import type { PreparedRequest, PrepareRequest } from "./prepared-request.ts";
import { HttpResult, listHeader } from "./result.ts";
import type { StepSeries } from "./series.ts";
import type { Session } from "./session.ts";

/** A compiled http step. */
export interface OperationOptions {
  readonly prepare: PrepareRequest;
  readonly settings: WireSettings;
  readonly series: StepSeries;
  openSession(vu: VirtualUser): Session;
  readonly clock: Clock;
  /** For the request with all its redirects. */
  readonly totalTimeoutMs: number;
  /** 0: an answer that redirects is the result. */
  readonly maxRedirects: number;
  readonly usesCookies: boolean;
  /** Answers a Digest challenge; null: the step does not. Headers are kept then. */
  readonly digest: ((vu: VirtualUser) => Credentials) | null;
  readonly maxBody: number;
}

/** k6's numbers of the failures that the transport knows nothing of. */
const badUrlCode = "1020";
const tooManyRedirectsCode = "1000";
const undecodableCode = "1701";

/** What a step does with the answer to its first request. */
type Finish = (pending: PendingOperation, exchange: Exchange) => HttpResult | Promise<HttpResult>;

/** An operation whose answer has not come: what an async function would keep for it, at a fraction of the cost. */
class PendingOperation implements ExchangeListener {
  readonly vu: VirtualUser;
  readonly session: Session;
  readonly draft: Draft;
  readonly deadline: number;
  readonly #finish: Finish;
  readonly #resolve: Resolve;
  readonly #reject: Reject;

  constructor(
    vu: VirtualUser,
    session: Session,
    draft: Draft,
    deadline: number,
    finish: Finish,
    resolve: Resolve,
    reject: Reject,
  ) {
    this.vu = vu;
    this.session = session;
    this.draft = draft;
    this.deadline = deadline;
    this.#finish = finish;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  exchanged(exchange: Exchange): void {
    try {
      this.#resolve(this.#finish(this, exchange));
    } catch (error) {
      this.#reject(error);
    }
  }
}

type Resolve = (result: HttpResult | Promise<HttpResult>) => void;
type Reject = (error: unknown) => void;

/** A compiled request of a step with all that follows from it. */
export type HttpOperation = (vu: VirtualUser, deadline: number) => HttpResult | Promise<HttpResult>;

/**
 * Sends a request and what follows from its answer, as one function per step. An answer of which nothing is kept
 * costs one promise.
 */
export function createOperation(options: OperationOptions): HttpOperation {
  const { prepare, settings, series, openSession, clock, totalTimeoutMs, maxRedirects, usesCookies, digest, maxBody } =
    options;
  const keepsBody = settings.keepBody;

  function run(vu: VirtualUser, deadline: number): HttpResult | Promise<HttpResult> {
    const session = openSession(vu);
    let prepared: PreparedRequest;
    try {
      prepared = prepare(vu);
    } catch (error) {
      return new HttpResult(describeUnmade(error), false, 0, 0, null, null, null, session);
    }
    const { draft } = prepared;
    if (digest !== null) return runDigest(vu, session, draft, deadline, digest);
    const wire = session.jar === null ? prepared.wire : addCookies(prepared, session.jar);
    return new Promise((resolve, reject) => {
      const pending = new PendingOperation(vu, session, draft, deadline, finish, resolve, reject);
      session.client.send(wire, deadline, totalTimeoutMs, pending);
    });
  }

  /** A challenge is answered once, by a second request; the first is measured as one that was to be expected. */
  async function runDigest(
    vu: VirtualUser,
    session: Session,
    draft: Draft,
    latest: number,
    credentialsOf: (vu: VirtualUser) => Credentials,
  ): Promise<HttpResult> {
    let credentials: Credentials;
    try {
      credentials = credentialsOf(vu);
    } catch (error) {
      return new HttpResult(describeUnmade(error), false, 0, 0, null, null, null, session);
    }
    const deadline = Math.min(latest, clock.now() + totalTimeoutMs);
    const key = `${draft.url.origin.key} ${credentials.username}`;
    const send = () => {
      const challenge = session.challenges.get(key);
      const { method, url, names, lines } = draft;
      const line =
        challenge === undefined
          ? ""
          : `authorization: ${answerChallenge(challenge, credentials, method, url.target)}\r\n`;
      const signed = line === "" ? draft : { ...draft, names: [...names, "authorization"], lines: [...lines, line] };
      return session.client.exchange(writeRequest(signed, session.jar?.header(url) ?? "", settings), deadline);
    };
    const first = await send();
    let exchange = first;
    const asked = first.status === 401 ? readChallenge(listHeader(first.headers, "www-authenticate")) : null;
    if (asked !== null && first.code === 0 && asked.nonce !== session.challenges.get(key)?.nonce) {
      if (usesCookies && first.headers !== null) await keepCookies(session, draft, first.headers);
      series.find(draft.method, first, true).record(first, vu.lagUs);
      session.challenges.set(key, asked);
      exchange = await send();
    }
    return settle(vu, session, draft, exchange, deadline, first.startedAt);
  }

  function finish(pending: PendingOperation, exchange: Exchange): HttpResult | Promise<HttpResult> {
    const { vu, session, draft } = pending;
    if (exchange.headers !== null && exchange.code === 0 && needsMore(exchange)) {
      const deadline = Math.min(pending.deadline, exchange.startedAt + totalTimeoutMs);
      return settle(vu, session, draft, exchange, deadline, exchange.startedAt);
    }
    return conclude(vu, session, draft, exchange, exchange.startedAt, null);
  }

  /** Is there a cookie to keep, a redirect to follow or a body to decode? */
  function needsMore(exchange: Exchange): boolean {
    if (maxRedirects > 0 && isRedirect(exchange.status)) return true;
    const headers = exchange.headers ?? [];
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i];
      if (name === "set-cookie" ? usesCookies : name === "content-encoding" && keepsBody && exchange.body !== null)
        return true;
    }
    return false;
  }

  async function settle(
    vu: VirtualUser,
    session: Session,
    firstDraft: Draft,
    firstExchange: Exchange,
    deadline: number,
    startedAt: number,
  ): Promise<HttpResult> {
    let draft = firstDraft;
    let exchange = firstExchange;
    for (let hops = 0; ; hops++) {
      if (usesCookies && exchange.headers !== null) await keepCookies(session, draft, exchange.headers);
      const location =
        maxRedirects > 0 && isRedirect(exchange.status) ? listHeader(exchange.headers, "location")[0] : undefined;
      if (location === undefined || exchange.code !== 0) break;
      const url = resolveLocation(location, draft.url);
      if (url === null) {
        return conclude(vu, session, draft, exchange, startedAt, {
          code: badUrlCode,
          message: `the answer redirects to \`${location.slice(0, 200)}\`, which is no http:// or https:// URL`,
        });
      }
      if (hops === maxRedirects) {
        return conclude(vu, session, draft, exchange, startedAt, {
          code: tooManyRedirectsCode,
          message: `stopped after ${maxRedirects} redirects; raise redirect.max_redirects or set redirect.follow to false`,
        });
      }
      series.find(draft.method, exchange, true).record(exchange, vu.lagUs);
      draft = redirectDraft(draft, exchange.status, url);
      const cookies = session.jar?.header(url) ?? "";
      exchange = await session.client.exchange(writeRequest(draft, cookies, settings), deadline);
    }
    const failure = await decode(exchange);
    return conclude(vu, session, draft, exchange, startedAt, failure);
  }

  /** The end: records the last attempt. `failure`: what went wrong after the answer; null: nothing. */
  function conclude(
    vu: VirtualUser,
    session: Session,
    draft: Draft,
    exchange: Exchange,
    startedAt: number,
    failure: Failure | null,
  ): HttpResult {
    const outcome = series.find(draft.method, exchange, false);
    outcome.record(exchange, vu.lagUs);
    const cause =
      exchange.code !== 0 ? { code: String(exchange.code), message: exchange.message } : (failure ?? outcome.failure);
    const duration = exchange.endedAt - startedAt;
    const { interrupted, status, headers } = exchange;
    const body = keepsBody || exchange.body === null ? exchange.body : readableSample(exchange.body, headers);
    return new HttpResult(cause, interrupted, duration, status, headers, body, draft, session);
  }

  function addCookies(prepared: PreparedRequest, jar: CookieJar) {
    const cookies = jar.header(prepared.draft.url);
    return cookies === "" ? prepared.wire : writeRequest(prepared.draft, cookies, settings);
  }

  async function keepCookies(session: Session, draft: Draft, headers: readonly string[]): Promise<void> {
    const cookies = listHeader(headers, "set-cookie");
    if (cookies.length === 0) return;
    if (session.jar === null) {
      const Jar = await loadCookieJar();
      session.jar ??= new Jar(() => clock.wall());
    }
    for (const cookie of cookies) session.jar.add(draft.url, cookie);
  }

  /** Puts the decoded body in place of the coded one; gives the failure where it cannot. */
  async function decode(exchange: Exchange): Promise<Failure | null> {
    if (exchange.body === null || exchange.code !== 0 || !keepsBody) return null;
    const coding = listHeader(exchange.headers, "content-encoding").join(",");
    if (coding === "") return null;
    const decode = await loadDecoder();
    const decoded = await decode(exchange.body, coding, maxBody);
    if (Buffer.isBuffer(decoded)) {
      exchange.body = decoded;
      return null;
    }
    exchange.body = null;
    return { code: undecodableCode, message: decoded.problem };
  }

  return run;
}

/** The beginning of a coded body cannot be decoded: better no sample than one that nobody can read. */
function readableSample(body: Buffer, headers: readonly string[] | null): Buffer | null {
  return listHeader(headers, "content-encoding").length === 0 ? body : null;
}

/** A request that could not be made is a failed step; anything but a documented error is a fault of the engine. */
function describeUnmade(error: unknown): Failure {
  if (!(error instanceof EngineError)) throw error;
  return { code: error.code === "invalid_request" ? badUrlCode : "template", message: error.message };
}
