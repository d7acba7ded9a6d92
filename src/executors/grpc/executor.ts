import type { Root } from "protobufjs";
import { createCallDriver, type DriverCall, DriverFailure, type DriverOutcome } from "../../driver/call-driver.ts";
import { DriverResult } from "../../driver/driver-result.ts";
import { EngineError } from "../../errors.ts";
import { createResolver } from "../../http/dns.ts";
import { createHostMap } from "../../http/host-map.ts";
import { createTrusts } from "../../http/tls.ts";
import type { Recorder } from "../../measure/recorder.ts";
import type {
  Executor,
  ExecutorContext,
  Operation,
  StepContext,
  StepResult,
  VirtualUser,
} from "../../protocol/step.ts";
import type { Step } from "../../protocol/workflow.ts";
import { compileAddress, type GrpcAddress } from "./address.ts";
import { type Channel, openChannel } from "./channel.ts";
import { Channels } from "./channels.ts";
import { compileMessages } from "./compile-message.ts";
import { compileMetadata } from "./compile-metadata.ts";
import { findMethod, type Method } from "./find-method.ts";
import type { GrpcConfig } from "./grpc-config.ts";
import { createGrpcSeries } from "./grpc-series.ts";
import { deadlineFailure, decodeAnswers, judge, nameFailure, showCall } from "./judge-answer.ts";
import { createMethodTypes } from "./method-types.ts";
import { type CallAnswer, performCall } from "./perform-call.ts";
import { reflect } from "./reflect.ts";
import { status } from "./status.ts";

/** A method with what a step sends to it. */
interface Prepared {
  readonly root: Root;
  readonly method: Method;
  readonly fill: ReturnType<typeof compileMessages>;
}

/** An answer, decoded where something reads it. */
interface Decoded extends CallAnswer {
  readonly shown: readonly unknown[];
}

/** Performs `grpc` steps. One per thread and execution; channels belong to the VU, or to the thread where a step says so. */
export function createGrpcExecutor(context: ExecutorContext, recorder: Recorder): Executor {
  const { clock, permit, slot, workflow } = context;
  const ports = {
    clock,
    permit,
    resolver: createResolver(clock, workflow.http.dnsTtlMs),
    trusts: createTrusts(),
    hosts: createHostMap(workflow.http.hosts),
  };
  const callDriver = createCallDriver(ports);
  const shared = new Channels();
  const types = createMethodTypes(context.files);

  function compile(step: Step, { tags, reads, ...texts }: StepContext): Operation {
    // The step's spec has checked and completed it.
    const config = step.config as unknown as GrpcConfig;
    const { service, protos, timeoutMs, connectTimeoutMs, maxBytes, expectStatus } = config;
    const addressOf = compileAddress(config, texts);
    const fillMetadata = compileMetadata(config.metadata, texts);
    const series = createGrpcSeries(recorder, tags, { service, method: config.method });
    const limits = { maxMessages: config.maxMessages ?? Number.POSITIVE_INFINITY, maxBytes };
    const keeps = { keeps: reads.body, keepsMetadata: reads.headers || reads.body };
    const known = new Map<Root, Prepared>();
    const constant = protos === null ? null : prepareFromProtos();

    function prepareFromProtos(): Prepared {
      try {
        return prepare(types.ofProtos(protos ?? []));
      } catch (cause) {
        const message = cause instanceof Error ? cause.message : String(cause);
        throw new EngineError("invalid_workflow", `step \`${step.id}\`: ${message}`, { cause });
      }
    }

    function prepare(root: Root): Prepared {
      const found = known.get(root);
      if (found !== undefined) return found;
      const method = findMethod(root, service, config.method);
      const fill = compileMessages(config.messages, method.request, root, texts.templateJson);
      const prepared = { root, method, fill };
      known.set(root, prepared);
      return prepared;
    }

    const toDate = (until: number) => new Date(clock.wall() + until - clock.now());

    /** Over a connection of its own: it serves all VUs of the thread. */
    async function askServer(address: GrpcAddress): Promise<Prepared> {
      const root = await types.ofServer(`${address.key} ${service}`, async () => {
        const until = toDate(clock.now() + connectTimeoutMs);
        const channel = await openChannel(address, config, ports, until);
        try {
          return await reflect(channel.client, service, until);
        } finally {
          channel.close();
        }
      });
      try {
        return prepare(root);
      } catch (cause) {
        if (cause instanceof EngineError) throw cause;
        const message = cause instanceof Error ? cause.message : String(cause);
        throw new DriverFailure(nameFailure(status.unimplemented), message, { cause });
      }
    }

    async function connect(channels: Channels, address: GrpcAddress, call: DriverCall): Promise<Channel> {
      const startedAt = clock.now();
      const until = toDate(Math.min(call.until, startedAt + connectTimeoutMs));
      const channel = await channels.open(address.key, () => openChannel(address, config, ports, until));
      series.connected(clock.now() - startedAt);
      return channel;
    }

    return (vu, deadline) => {
      const address = addressOf(vu);
      const metadata = fillMetadata(vu);
      const channels = config.connections === "shared" ? shared : channelsOf(vu);
      let sent: readonly Buffer[] = [];
      let method: Method | null = null;
      let leadMs: number | null = null;

      const invoke = async (channel: Channel, prepared: Prepared, call: DriverCall): Promise<Decoded> => {
        ({ method } = prepared);
        const messages = prepared.fill(vu);
        sent = messages;
        leadMs = clock.now() - call.startedAt;
        const request = { method, messages, metadata, deadline: toDate(call.until), ...keeps, ...limits };
        const answer = await performCall(channel.client, request, call);
        return { ...answer, shown: decodeAnswers(answer, method, prepared.root) };
      };
      const begin = async (call: DriverCall<Decoded>): Promise<void> => {
        call.expectTimeout(deadlineFailure);
        const prepared = constant ?? (await askServer(address));
        let channel = channels.find(address.key);
        if (channel === undefined) {
          channel = await connect(channels, address, call);
          // While it connected the lease or the call may have ended: nothing is sent then.
          if (call.isGivenUp || !permit.maySend(clock.now())) throw new DriverFailure(withdrawn, "not sent");
        }
        call.done(await invoke(channel, prepared, call));
      };

      const finish = (driven: DriverOutcome<Decoded>): StepResult => {
        const isWithdrawn = driven.kind === "failed" && driven.failure.code === withdrawn;
        const outcome = isWithdrawn
          ? ({ kind: "interrupted", began: false, duration: driven.duration } as const)
          : driven;
        const judged = judge(outcome, expectStatus);
        const answer = outcome.kind === "done" ? outcome.value : null;
        if (outcome.kind !== "interrupted" || leadMs !== null) {
          series.record(judged, Math.max(0, judged.outcome.duration - (leadMs ?? 0)), sent, answer, method);
        }
        return new DriverResult(
          judged.outcome,
          `grpc ${address.shown}/${service}/${config.method}`,
          showCall(judged, answer, answer?.shown ?? [], method),
        );
      };
      return callDriver(vu, deadline, timeoutMs, { begin, describe: describeFault, finish });
    };
  }

  function channelsOf(vu: VirtualUser): Channels {
    const known = vu.resources[slot];
    if (known !== undefined) return known as Channels;
    const channels = new Channels();
    vu.resources[slot] = channels;
    return channels;
  }

  return {
    compile,
    close: () => {
      shared.close();
      return Promise.resolve();
    },
  };
}

/** Stands for a call that was not sent because the lease ended while it connected. */
const withdrawn = "withdrawn";

/** Everything a server can do is a status or a DriverFailure already. */
function describeFault(error: unknown): never {
  throw error;
}
