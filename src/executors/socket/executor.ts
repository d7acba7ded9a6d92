import { createCallDriver, type DriverCall } from "../../driver/call-driver.ts";
import { createCallSeries } from "../../driver/call-series.ts";
import { type DriverAnswer, DriverResult } from "../../driver/driver-result.ts";
import { connectionsOf, type VuConnections } from "../../driver/vu-connections.ts";
import { createResolver } from "../../http/dns.ts";
import { parseJson } from "../../http/parse-json.ts";
import { createTrusts, loadTls } from "../../http/tls.ts";
import type { Recorder } from "../../measure/recorder.ts";
import type { Executor, ExecutorContext, Operation, StepContext, StepResult } from "../../protocol/step.ts";
import type { Step } from "../../protocol/workflow.ts";
import { toMicros } from "../../quantity.ts";
import type { Channel, Ending } from "./channel.ts";
import { compileTexts, type SocketTexts } from "./compile-texts.ts";
import { openChannel } from "./open-channel.ts";
import type { SocketConfig } from "./socket-config.ts";

const metrics = { count: "socket_reqs", failed: "socket_req_failed", duration: "socket_req_duration" };

/** Performs `socket` steps. One per thread and execution; sockets belong to the VU. */
export function createSocketExecutor(context: ExecutorContext, recorder: Recorder): Executor {
  const { clock, permit, log, slot } = context;
  const ports = {
    clock,
    permit,
    resolver: createResolver(clock, context.workflow.http.dnsTtlMs),
    trusts: createTrusts(),
    onDropped: () => log("debug", "a datagram that nobody received was dropped: raise max_bytes or receive more often"),
  };
  const callDriver = createCallDriver(ports);

  function compile(step: Step, { tags, template }: StepContext): Operation {
    // The step's spec has checked and completed it.
    const config = step.config as unknown as SocketConfig;
    const { action, protocol, timeoutMs } = config;
    if (protocol === "tls") loadTls();
    const fill = compileTexts(config, template);
    const series = createCallSeries(recorder, { ...tags, method: action, proto: protocol }, metrics);
    const connecting = recorder.trend("socket_connecting", tags);
    const sentBytes = recorder.counter("data_sent", tags);
    const receivedBytes = recorder.counter("data_received", tags);
    const count = {
      sent: (bytes: number) => sentBytes.add(bytes),
      received: (bytes: number) => receivedBytes.add(bytes),
    };

    async function connect(sockets: VuConnections<Channel>, texts: SocketTexts, call: DriverCall): Promise<Channel> {
      const startedAt = clock.now();
      const channel = await openChannel(config, texts, ports, call, count);
      connecting.add(toMicros(clock.now() - startedAt));
      if (call.isGivenUp) channel.close();
      else sockets.keep(texts.name, channel);
      return channel;
    }

    function perform(
      sockets: VuConnections<Channel>,
      texts: SocketTexts,
      call: DriverCall<Buffer | null>,
    ): Promise<void> | void {
      if (action === "close") {
        sockets.drop(texts.name);
        call.done(null);
        return;
      }
      const channel = action === "connect" ? undefined : sockets.find(texts.name);
      return channel === undefined ? connectFirst(sockets, texts, call) : exchange(channel, texts, call);
    }

    async function connectFirst(
      sockets: VuConnections<Channel>,
      texts: SocketTexts,
      call: DriverCall<Buffer | null>,
    ): Promise<void> {
      const channel = await connect(sockets, texts, call);
      if (call.isGivenUp) return;
      if (action === "connect") call.done(null);
      else await exchange(channel, texts, call);
    }

    function exchange(
      channel: Channel,
      { data, ending }: SocketTexts,
      call: DriverCall<Buffer | null>,
    ): Promise<void> | void {
      const waits = action === "receive" || ending !== null;
      // Who waits for the answer need not know when the kernel had the question, unless it is too much for it.
      if (data !== null && !(waits && channel.post(data))) return sendFirst(channel, data, waits, ending, call);
      receive(channel, ending, call);
    }

    async function sendFirst(
      channel: Channel,
      data: Buffer,
      waits: boolean,
      ending: Ending,
      call: DriverCall<Buffer | null>,
    ): Promise<void> {
      await channel.send(data);
      if (waits) receive(channel, ending, call);
      else call.done(null);
    }

    function receive(channel: Channel, ending: Ending, call: DriverCall<Buffer | null>): void {
      call.onGivenUp = () => channel.forget();
      channel.receive(ending, call);
    }

    return (vu, deadline) => {
      const sockets = connectionsOf<Channel>(vu, slot);
      const texts = fill(vu);
      return callDriver(vu, deadline, timeoutMs, {
        begin: (call: DriverCall<Buffer | null>) => perform(sockets, texts, call),
        describe: describeFault,
        finish: (outcome): StepResult => {
          // Where an answer begins is not known any more.
          if (outcome.kind !== "done" && action !== "close") sockets.drop(texts.name);
          series.record(outcome);
          const bytes = outcome.kind === "done" ? outcome.value : null;
          const answer = bytes === null ? null : new SocketAnswer(bytes, config);
          return new DriverResult(outcome, `${protocol} ${texts.target}`, answer);
        },
      });
    };
  }

  return { compile, close: () => Promise.resolve() };
}

/** What a step received. Made when somebody looks. */
class SocketAnswer implements DriverAnswer {
  readonly #bytes: Buffer;
  readonly #encoding: BufferEncoding;

  constructor(bytes: Buffer, { encoding }: SocketConfig) {
    this.#bytes = bytes;
    this.#encoding = encoding === "text" ? "utf8" : encoding;
  }

  get output(): string {
    return this.text();
  }

  get json(): unknown {
    return parseJson(this.text());
  }

  text(): string {
    return this.#bytes.toString(this.#encoding);
  }
}

/** Everything a peer can do is a DriverFailure already. */
function describeFault(error: unknown): never {
  throw error;
}
