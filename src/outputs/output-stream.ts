import type { Snapshot } from "../measure/snapshot.ts";
import { addValue, createTotal } from "../measure/totals.ts";
import type { Frame } from "../protocol/frame.ts";
import { fillSecrets, isFileOutput, listCredentials, maskTarget, type OutputSpec } from "../protocol/output.ts";
import type { Clock, Log, Masker, Random } from "../protocol/ports.ts";
import type { OutputState, Report, ReportOutput } from "../protocol/report.ts";
import { createChangedTotals } from "./changed-totals.ts";
import { createPoint } from "./create-point.ts";
import { type Chunk, createDelivery, type Delivery, type DeliveryLimits } from "./delivery.ts";
import { createIntervalWindows, type IntervalWindows, type PackedIntervals } from "./interval-windows.ts";
import type { Output, OutputContext, OutputPoint, OutputSetup } from "./output.ts";
import { outputKinds } from "./output-kinds.ts";

/** What another process needs to go on with a stream. */
export interface PackedOutput extends Pick<ReportOutput, "sent" | "dropped" | "retries" | "last_error"> {
  readonly intervals: PackedIntervals;
  /** Increments by metric that are in intervals. */
  readonly counted: readonly (readonly [metric: string, sum: number])[];
  readonly position: number | null;
  /** What was not sent, unless it was much: then it counts as dropped. */
  readonly waiting: readonly Chunk[];
}

export interface StreamOptions {
  readonly execution: Pick<OutputContext, "executionId" | "workflowId" | "workflowName">;
  /** All that was measured. */
  readonly snapshot: Snapshot;
  /** The start instant, epoch ms; null: not yet. */
  startedAt(): number | null;
  readonly secrets: Readonly<Record<string, string>>;
  readonly mask: Masker;
  /** Why nothing may be sent to a host; default: it may, everywhere. */
  readonly refuses?: OutputSetup["refuses"];
  /** Where a file is. */
  locate(path: string): string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits?: Partial<DeliveryLimits>;
}

/** One live stream, from frames to what was taken. */
export interface Stream {
  note(source: string, frame: Frame): void;
  tell(fields: Readonly<Record<string, unknown>> & { readonly time: string }, type: string): void;
  /** For the report. */
  account(): ReportOutput;
  describe(): OutputState;
  pack(): PackedOutput;
  leave(): Promise<void>;
  close(report: Pick<Report, "status" | "passed" | "reason">): Promise<void>;
}

/** Points of one request, or one write. */
const pointsPerChunk = 5_000;
const flushMs = 10_000;
/** More than this that waits is not kept over a restart. */
const packedBytes = 2 ** 20;
/** Opens it; what is measured until it is open waits in its intervals. */
export function openStream(written: OutputSpec, packed: PackedOutput | null, options: StreamOptions): Stream {
  const { snapshot, clock, random, log, execution } = options;
  const { spec, missing } = fillSpec(written, options);
  const credentials = listCredentials(spec);
  const mask = (text: string): string =>
    options.mask(credentials.reduce((masked, credential) => masked.replaceAll(credential, "***"), text));
  const shown = mask(maskTarget(written));
  const name = `${spec.type} ${shown}`;
  const windows: IntervalWindows = createIntervalWindows(spec.intervalMs / 1_000, packed?.intervals ?? null);
  const counted = new Map<string, number>(packed?.counted);
  const totals = createChangedTotals(snapshot, clock);
  let output: Output | null = null;
  let delivery: Delivery | null = null;
  let openError: string | null = null;
  let lost = 0;
  let sampledAt = -Infinity;
  let closed: Promise<void> | null = null;

  const startedAt = (): number => options.startedAt() ?? clock.wall();
  const open = async (): Promise<void> => {
    try {
      if (missing !== null) throw new Error(`secret.${missing} has no value`);
      const load = await outputKinds[spec.type]();
      const context = { ...execution, intervalMs: spec.intervalMs, startedAt };
      const refuses = options.refuses ?? (() => null);
      output = await load({ spec, context, refuses, position: packed?.position ?? null });
      const { send } = output;
      delivery = createDelivery({ send, name, clock, random, log, mask, limits: options.limits });
      for (const chunk of packed?.waiting ?? []) delivery.offer(chunk);
      if (packed === null) tell({ time: new Date(clock.wall()).toISOString() }, "start");
      flush(false);
    } catch (error) {
      openError = mask(error instanceof Error ? error.message : String(error));
      log("warn", `output ${name} cannot be opened: ${openError}`, { output: name });
    }
  };
  const tell: Stream["tell"] = (fields, type) => {
    if (output?.encodeEvent === undefined) return;
    delivery?.offer({ body: output.encodeEvent({ ...fields, type }), points: 0 });
  };
  const send = (points: readonly OutputPoint[]): void => {
    if (output === null || delivery === null) {
      lost += points.length;
      return;
    }
    for (let at = 0; at < points.length; at += pointsPerChunk) {
      const part = points.slice(at, at + pointsPerChunk);
      delivery.offer({ body: output.encode(part), points: part.length });
    }
  };
  const flush = (all: boolean): void => {
    if (output === null && openError === null && !all) return;
    if (output?.measures === "totals") {
      // Frames are kept by nobody: the sums are in the snapshot.
      windows.take(true);
      if (!all && clock.now() - sampledAt < spec.intervalMs - 100) return;
      sampledAt = clock.now();
      send(totals.take(all));
      return;
    }
    for (const { second, late, series } of windows.take(all)) {
      const timeMs = startedAt() + second * 1_000;
      send(
        series.map(({ key, ...value }) => {
          const total = createTotal(key.type);
          addValue(total, value, second);
          return createPoint(key, timeMs, total, late);
        }),
      );
    }
  };
  const count = ({ series }: Pick<Frame, "series">): void => {
    for (const delta of series) {
      if (delta.type === "counter") counted.set(delta.key.metric, (counted.get(delta.key.metric) ?? 0) + delta.sum);
    }
  };
  /** What was counted beside the frames: starts that nobody dropped, iterations that were lost. */
  const reconcile = (): void => {
    for (const { name: metric, total } of snapshot.metrics.values()) {
      if (total.type !== "counter") continue;
      const rest = total.sum - (counted.get(metric) ?? 0);
      if (rest === 0) continue;
      windows.addSeries({ key: { metric, type: "counter", tags: {} }, type: "counter", sum: rest });
    }
  };
  const end = async (report: Pick<Report, "status" | "passed" | "reason">): Promise<void> => {
    await opened;
    reconcile();
    flush(true);
    const { status, passed, reason } = report;
    tell({ time: new Date(clock.wall()).toISOString(), status, passed, reason }, "end");
    await delivery?.close(flushMs);
    await output?.close().catch((error: unknown) => {
      openError = mask(error instanceof Error ? error.message : String(error));
    });
  };
  const opened = open();
  const account = (): ReportOutput => ({
    type: spec.type,
    target: shown,
    sent: (packed?.sent ?? 0) + (delivery?.sent ?? 0),
    dropped: (packed?.dropped ?? 0) + (delivery?.dropped ?? 0) + lost,
    retries: (packed?.retries ?? 0) + (delivery?.retries ?? 0),
    last_error: delivery?.lastError ?? openError ?? packed?.last_error ?? null,
  });
  const leave = async (): Promise<void> => {
    await opened;
    await delivery?.close(0);
    await output?.close();
  };

  return {
    note(source, frame) {
      if (closed !== null || frame.warmUp) return;
      windows.add(source, frame);
      count(frame);
      for (const metric of ["vus", "vus_max"]) {
        const total = snapshot.metrics.get(metric)?.total;
        if (total?.type !== "gauge" || total.second === -Infinity) continue;
        const { value } = total;
        const key = { metric, type: "gauge", tags: {} } as const;
        windows.add(source, { second: frame.second, series: [{ key, type: "gauge", value, min: value, max: value }] });
      }
      flush(false);
    },
    tell,
    account,
    describe: () => ({
      ...account(),
      waiting: delivery?.waitingPoints ?? 0,
      failing: delivery?.failing ?? openError !== null,
    }),
    pack() {
      const { sent, dropped, retries, last_error } = account();
      const all = delivery?.waiting ?? packed?.waiting ?? [];
      const isMuch = all.reduce((sum, { body }) => sum + body.length, 0) > packedBytes;
      return {
        sent,
        dropped: dropped + (isMuch ? all.reduce((sum, { points }) => sum + points, 0) : 0),
        waiting: isMuch ? [] : [...all],
        retries,
        last_error,
        intervals: windows.pack(),
        counted: [...counted],
        position: output?.position?.() ?? packed?.position ?? null,
      };
    },
    leave: () => (closed ??= leave()),
    close: (report) => (closed ??= end(report)),
  };
}

/** With its secrets filled in; the first that has no value. */
function fillSpec(spec: OutputSpec, { secrets, locate }: StreamOptions) {
  let missing: string | null = null;
  const fill = (text: string): string => {
    const filled = fillSecrets(text, secrets);
    missing ??= filled.missing;
    return filled.text;
  };
  const target = fill(spec.target);
  const filled: OutputSpec = {
    ...spec,
    target: isFileOutput(spec.type) ? locate(target) : target,
    headers: Object.fromEntries(Object.entries(spec.headers).map(([name, value]) => [name, fill(value)])),
    token: spec.token === null ? null : fill(spec.token),
  };
  return { spec: filled, missing: missing as string | null };
}
