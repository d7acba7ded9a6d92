import { createCallDriver, type DriverCall } from "../../driver/call-driver.ts";
import { DriverResult } from "../../driver/driver-result.ts";
import { tellHowMany } from "../../driver/tell-how-many.ts";
import { createResolver } from "../../http/dns.ts";
import type { Recorder } from "../../measure/recorder.ts";
import type { JsonObject } from "../../protocol/json.ts";
import type {
  Executor,
  ExecutorContext,
  Operation,
  StepContext,
  StepResult,
  VirtualUser,
} from "../../protocol/step.ts";
import type { Step } from "../../protocol/workflow.ts";
import { BrokerPool } from "./broker-pool.ts";
import type { BrokerConnection, BrokerMessage } from "./broker.ts";
import { brokers } from "./brokers.ts";
import { type Addresses, compileTexts, type MqTexts } from "./compile-texts.ts";
import { describeFault } from "./describe-fault.ts";
import { createMqSeries, type MqSeries } from "./mq-series.ts";
import type { BrokerType, MqConfig } from "./mq-config.ts";
import { createPreciseWall } from "./precise-wall.ts";
import { Confirmation, ConsumedMessages } from "./show-messages.ts";
import { readLatency, stamp } from "./track.ts";
import { VuSubscriptions } from "./vu-subscriptions.ts";

/** Performs `mq` steps. One per thread and execution; connections belong to the thread, subscriptions to the VU. */
export function createMqExecutor(context: ExecutorContext, recorder: Recorder): Executor {
  const { clock, permit, log, random, slot, connections } = context;
  const ports = { clock, permit };
  const callDriver = createCallDriver(ports);
  const ownWall = createPreciseWall(clock);
  /** The owner's time: the same on all slaves. */
  const wall = () => ownWall() + context.ownerOffsetMs();
  const pool = new BrokerPool({
    clock,
    log,
    permit,
    resolver: createResolver(clock, context.workflow.http.dnsTtlMs),
    uniqueName: `workflow-engine-${Math.floor(random() * 2 ** 48).toString(36)}`,
  });
  const addresses: Addresses = new Map();
  const used = new Set<BrokerType>();

  function compile(step: Step, stepContext: StepContext): Operation {
    // The step's spec has checked and completed it.
    const config = step.config as unknown as MqConfig;
    const { type, fill } = compileTexts(config, connections, stepContext, addresses);
    used.add(type);
    const series = createMqSeries(recorder, { ...stepContext.tags, method: config.action, proto: type });
    return config.action === "publish" ? publishing() : consuming();

    function publishing(): Operation {
      return (vu, deadline) => {
        const texts = fill(vu);
        return callDriver(vu, deadline, config.timeoutMs, {
          begin: (call: DriverCall<JsonObject>) => publish(texts, config, call),
          describe: (error) => describeFault(error, texts.address),
          finish: (outcome): StepResult => {
            series.published(outcome, texts.body.length);
            const confirmed = outcome.kind === "done" ? new Confirmation(outcome.value) : null;
            return new DriverResult(outcome, targetOf(texts), confirmed);
          },
        });
      };
    }

    function consuming(): Operation {
      return (vu, deadline) => {
        const texts = fill(vu);
        const taken: BrokerMessage[] = [];
        return callDriver(vu, deadline, config.timeoutMs, {
          begin: async (call: DriverCall<undefined>) => {
            await consume(vu, texts, config, call, taken, series);
            call.done(undefined);
          },
          describe: (error) => describeFault(error, texts.address),
          finish: (outcome): StepResult => {
            const told = tellHowMany(outcome, taken.length, texts.count);
            series.consumed(told);
            const isAnswered = taken.length > 0 || told.kind === "done";
            const answer = isAnswered ? new ConsumedMessages(taken, config.encoding) : null;
            return new DriverResult(told, targetOf(texts), answer);
          },
        });
      };
    }
  }

  function publish(texts: MqTexts, config: MqConfig, call: DriverCall<JsonObject>): Promise<void> {
    const { address, destination, exchange, stream, key, body } = texts;
    const broker = pool.get(address);
    return broker instanceof Promise ? broker.then(send) : send(broker);

    async function send(opened: BrokerConnection): Promise<void> {
      const headers = config.track ? { ...texts.headers, ...stamp(wall()) } : texts.headers;
      call.done(await opened.publish({ destination, exchange, stream, key, body, headers, config }, call));
    }
  }

  async function consume(
    vu: VirtualUser,
    { address, destination, exchange, stream, key, groupId, count }: MqTexts,
    config: MqConfig,
    { signal }: DriverCall,
    taken: BrokerMessage[],
    series: MqSeries,
  ): Promise<void> {
    const broker = await pool.get(address);
    const take = (message: BrokerMessage) => {
      taken.push(message);
      series.received(message.body.length);
      if (!config.track) return;
      const latency = readLatency(message.headers, wall());
      if (latency !== null) series.travelled(latency);
    };
    const subscriptions = subscriptionsOf(vu);
    await broker.consume(
      { source: destination, exchange, stream, key, groupId, count, config, subscriptions, take },
      signal,
    );
  }

  function subscriptionsOf(vu: VirtualUser): VuSubscriptions {
    const known = vu.resources[slot];
    if (known !== undefined) return known as VuSubscriptions;
    const subscriptions = new VuSubscriptions();
    vu.resources[slot] = subscriptions;
    return subscriptions;
  }

  return {
    compile,
    prepare: async () => {
      for (const type of used) await brokers[type]();
    },
    close: () => pool.close(),
  };
}

/** Where a step's result says it went. */
function targetOf({ address, destination }: MqTexts): string {
  return `${address.shown} ${destination}`;
}

/** For a slave that offers mq steps to any workflow. */
createMqExecutor.loadDrivers = async (): Promise<void> => {
  await Promise.all(Object.values(brokers).map((load) => load()));
};
