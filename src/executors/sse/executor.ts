import { createCallDriver, type DriverCall, DriverFailure } from "../../driver/call-driver.ts";
import { type DriverAnswer, DriverResult } from "../../driver/driver-result.ts";
import { ReceivedMessages } from "../../driver/received-messages.ts";
import { tellHowMany } from "../../driver/tell-how-many.ts";
import { connectionsOf, type VuConnections } from "../../driver/vu-connections.ts";
import { createDialPorts } from "../../driver/dial-http-target.ts";
import { compileProxy } from "../../http/compile-proxy.ts";
import { toNodeHeader } from "../../http/header-rules.ts";
import { loadTls } from "../../http/tls.ts";
import type { Recorder } from "../../measure/recorder.ts";
import type { Executor, ExecutorContext, Operation, StepContext, StepResult } from "../../protocol/step.ts";
import type { Step } from "../../protocol/workflow.ts";
import { compileTexts, type SseTexts } from "./compile-texts.ts";
import type { ServerEvent } from "./event-parser.ts";
import type { EventStream } from "./event-stream.ts";
import { loadHttp, openStream } from "./open-stream.ts";
import type { SseConfig } from "./sse-config.ts";
import { createSseSeries } from "./sse-series.ts";

type Call = DriverCall<DriverAnswer | null>;

/** What one run of a step works with. */
interface Use {
  /** The VU's number. */
  readonly vu: number;
  readonly streams: VuConnections<EventStream>;
  readonly texts: SseTexts;
  readonly taken: ServerEvent[];
}

/** Performs `sse` steps. One per thread and execution; streams belong to the VU. */
export function createSseExecutor(context: ExecutorContext, recorder: Recorder): Executor {
  const { clock, slot } = context;
  const { http } = context.workflow;
  const ports = createDialPorts(context);
  const callDriver = createCallDriver(ports);
  const open = new Set<EventStream>();

  function compile(step: Step, stepContext: StepContext): Operation {
    // The step's spec has checked and completed it.
    const config = step.config as unknown as SseConfig;
    const { action, timeoutMs } = config;
    const count = config.count === "all" ? Number.POSITIVE_INFINITY : config.count;
    if (/^https:/i.test(config.url)) loadTls();
    const chooseProxy = config.proxy === null ? null : compileProxy(config.proxy, context);
    const fill = compileTexts(step, http, chooseProxy, stepContext);
    const series = createSseSeries(recorder, stepContext.tags);

    async function connect({ vu, streams, texts }: Use, call: Call): Promise<EventStream> {
      const { name, target } = texts;
      if (target === null) throw new DriverFailure("1000", `no stream \`${name}\` is open, and the step has no url`);
      const startedAt = clock.now();
      const id = texts.lastEventId ?? toResume(streams.latest(name)?.lastEventId ?? "");
      const headers = id === "" ? target.headers : { ...target.headers, "last-event-id": id };
      const stream = await openStream(
        config,
        { ...target, vu, headers, maxHeader: http.maxHeader },
        ports,
        call,
        series,
      );
      open.add(stream);
      void stream.closed.then(() => open.delete(stream));
      series.connected(clock.now() - startedAt);
      if (call.isGivenUp) stream.close();
      else streams.keep(name, stream);
      return stream;
    }

    function perform(use: Use, call: Call): Promise<void> | void {
      const { streams, texts } = use;
      if (action === "close") {
        streams.drop(texts.name);
        call.done(null);
        return;
      }
      const known = action === "connect" ? undefined : streams.find(texts.name);
      if (known === undefined) return connectFirst(use, call);
      receive(known, use, call);
    }

    async function connectFirst(use: Use, call: Call): Promise<void> {
      const stream = await connect(use, call);
      if (call.isGivenUp) return;
      if (action === "connect") call.done(null);
      else receive(stream, use, call);
    }

    function receive(stream: EventStream, { streams, texts, taken }: Use, call: Call): void {
      const { name, event, matches } = texts;
      const suits = (one: ServerEvent) =>
        (event === null || one.event === event) && (matches === null || matches(one.data));
      call.onGivenUp = () => stream.mailbox.giveUp();
      stream.mailbox.take({ count, matches: event === null && matches === null ? null : suits, taken }, (error) => {
        if (error !== null) {
          call.fail(error);
          return;
        }
        // A stream that was wanted to its end begins anew: nothing of it is to be resumed.
        if (count === Number.POSITIVE_INFINITY) streams.drop(name);
        call.done(new ReceivedMessages(taken, showEvent, count === 1));
      });
    }

    return (vu, deadline) => {
      const streams = connectionsOf<EventStream>(vu, slot);
      const texts = fill(vu);
      const taken: ServerEvent[] = [];
      return callDriver(vu, deadline, timeoutMs, {
        begin: (call: Call) => perform({ vu: vu.id, streams, texts, taken }, call),
        describe: describeFault,
        finish: (outcome): StepResult => {
          const isCounted = Number.isFinite(count) && action === "receive";
          const told = isCounted ? tellHowMany(outcome, taken.length, count) : outcome;
          return new DriverResult(told, texts.name, told.kind === "done" ? told.value : null);
        },
      });
    };
  }

  return {
    compile,
    prepare: async () => {
      await loadHttp();
    },
    close: async () => {
      for (const stream of open) stream.close();
      await Promise.all([...open].map(({ closed }) => closed));
    },
  };
}

/** The id that a server gave, as a header's value. */
function toResume(id: string): string {
  const written = toNodeHeader(id);
  if (written !== null) return written;
  const message = "the id of the last event holds control characters, which no header can; write last_event_id";
  throw new DriverFailure("1000", message);
}

function showEvent({ data, event, id }: ServerEvent) {
  return { text: () => data, about: () => ({ event, id }) };
}

/** Everything a server can do is a DriverFailure already. */
function describeFault(error: unknown): never {
  throw error;
}
