import { toMicros } from "../quantity.ts";
import type { Exchange } from "./exchange.ts";
import type { Counter, Rate, Recorder, Tags, Trend } from "../measure/recorder.ts";
import type { Failure } from "../protocol/step.ts";

/** What makes two attempts of a step land in the same series. */
interface Outcome {
  readonly method: string;
  readonly status: number;
  readonly code: number;
  readonly proto: string;
  readonly tlsVersion: string;
  readonly expected: boolean;
}

const errorTexts: Readonly<Record<number, string>> = {
  1050: "timeout",
  1100: "name lookup failed",
  1101: "no such host",
  1110: "address not permitted",
  1111: "host not permitted",
  1200: "connection broken",
  1201: "broken pipe",
  1210: "dial failed",
  1211: "dial timeout",
  1212: "connection refused",
  1220: "connection reset",
  1230: "proxy refused",
  1300: "TLS failed",
  1310: "untrusted certificate",
  1311: "certificate for another host",
  1600: "HTTP/2 failed",
  1701: "decompression failed",
};

/**
 * The series of all attempts of a step that came to the same: handles are made at the first, then only written.
 * `data_sent` and `data_received` carry the step's tags alone, as in k6.
 */
export class OutcomeSeries {
  readonly outcome: Outcome;
  /** What a status that is not expected does to the step; null: the status is expected, or there is none. */
  readonly failure: Failure | null;
  readonly #requests: Counter;
  readonly #sent: Counter;
  readonly #received: Counter;
  readonly #failed: Rate;
  readonly #duration: Trend;
  readonly #total: Trend;
  readonly #blocked: Trend;
  readonly #connecting: Trend;
  readonly #tlsHandshaking: Trend;
  readonly #sending: Trend;
  readonly #waiting: Trend;
  readonly #receiving: Trend;
  readonly #recorder: Recorder;
  readonly #tags: Tags;
  /** Made at the first iteration that has a planned start. */
  #corrected: Trend | null = null;

  constructor(recorder: Recorder, stepTags: Tags, tags: Tags, outcome: Outcome, failure: Failure | null) {
    this.outcome = outcome;
    this.failure = failure;
    this.#recorder = recorder;
    this.#tags = tags;
    this.#requests = recorder.counter("http_reqs", tags);
    this.#sent = recorder.counter("data_sent", stepTags);
    this.#received = recorder.counter("data_received", stepTags);
    this.#failed = recorder.rate("http_req_failed", tags);
    this.#duration = recorder.trend("http_req_duration", tags);
    this.#total = recorder.trend("http_req_total", tags);
    this.#blocked = recorder.trend("http_req_blocked", tags);
    this.#connecting = recorder.trend("http_req_connecting", tags);
    this.#tlsHandshaking = recorder.trend("http_req_tls_handshaking", tags);
    this.#sending = recorder.trend("http_req_sending", tags);
    this.#waiting = recorder.trend("http_req_waiting", tags);
    this.#receiving = recorder.trend("http_req_receiving", tags);
  }

  /** `lagUs`: how late the iteration began, -1 where it has no planned start. */
  record(exchange: Exchange, lagUs: number): void {
    this.#sent.add(exchange.bytesSent);
    this.#received.add(exchange.bytesReceived);
    if (!exchange.counted) return;
    this.#requests.add(1);
    // What the end of the run cut short tells nothing about the target.
    if (exchange.interrupted) return;
    const duration = toMicros(exchange.sending + exchange.waiting + exchange.receiving);
    this.#duration.add(duration);
    this.#total.add(toMicros(exchange.endedAt - exchange.startedAt));
    this.#blocked.add(toMicros(exchange.blocked));
    this.#connecting.add(toMicros(exchange.connecting));
    this.#tlsHandshaking.add(toMicros(exchange.tlsHandshaking));
    this.#sending.add(toMicros(exchange.sending));
    this.#waiting.add(toMicros(exchange.waiting));
    this.#receiving.add(toMicros(exchange.receiving));
    this.#failed.add(!this.outcome.expected);
    if (lagUs >= 0) {
      this.#corrected ??= this.#recorder.trend("http_req_duration_corrected", this.#tags);
      this.#corrected.add(duration + lagUs);
    }
  }
}

/** The series of one step by what its attempts came to. */
export class StepSeries {
  readonly #recorder: Recorder;
  readonly #stepTags: Tags;
  readonly #url: string;
  readonly #isExpected: (status: number) => boolean;
  readonly #known = new Map<string, OutcomeSeries>();
  #latest: OutcomeSeries | null = null;

  /** `url`: the tag, the template as the user wrote it. */
  constructor(recorder: Recorder, stepTags: Tags, url: string, isExpected: (status: number) => boolean) {
    this.#recorder = recorder;
    this.#stepTags = stepTags;
    this.#url = url;
    this.#isExpected = isExpected;
  }

  /** `followed`: the answer is a redirect that is gone after, which is expected whatever the step expects at the end. */
  find(method: string, exchange: Exchange, followed: boolean): OutcomeSeries {
    const latest = this.#latest;
    if (
      latest !== null &&
      latest.outcome.status === exchange.status &&
      latest.outcome.code === exchange.code &&
      latest.outcome.method === method &&
      latest.outcome.proto === exchange.proto &&
      latest.outcome.tlsVersion === exchange.tlsVersion &&
      !followed
    ) {
      return latest;
    }
    const found = this.#findOther(method, exchange, followed);
    if (!followed) this.#latest = found;
    return found;
  }

  #findOther(method: string, exchange: Exchange, followed: boolean): OutcomeSeries {
    const { status, code, proto, tlsVersion } = exchange;
    const key = `${method} ${status} ${code} ${proto} ${tlsVersion} ${followed}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const statusExpected = followed || this.#isExpected(status);
    const outcome = { method, status, code, proto, tlsVersion, expected: code === 0 && statusExpected };
    const failure = code === 0 && !statusExpected ? describeStatus(method, this.#url, status) : null;
    const tags = { ...this.#stepTags, ...tagsOf(outcome, this.#url) };
    const series = new OutcomeSeries(this.#recorder, this.#stepTags, tags, outcome, failure);
    this.#known.set(key, series);
    return series;
  }
}

function tagsOf(outcome: Outcome, url: string): Tags {
  const tags: Record<string, string> = {
    method: outcome.method,
    url,
    status: String(outcome.status),
    expected_response: String(outcome.expected),
  };
  if (outcome.proto !== "") tags.proto = outcome.proto;
  if (outcome.tlsVersion !== "") tags.tls_version = outcome.tlsVersion;
  if (outcome.code !== 0) {
    tags.error = errorTexts[outcome.code] ?? "exchange failed";
    tags.error_code = String(outcome.code);
  } else if (outcome.status >= 400) {
    // k6 numbers these from 1400 on.
    tags.error_code = String(1000 + outcome.status);
  }
  return tags;
}

function describeStatus(method: string, url: string, status: number): Failure {
  return { code: `http_${status}`, message: `${method} ${url} was answered with status ${status}` };
}
