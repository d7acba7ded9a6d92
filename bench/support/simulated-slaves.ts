// A process of many slaves that speak the real protocol and send frames, but have no VUs: `node … URL COUNT`.
import { WebSocket } from "ws";
import type { Fact, Order, OrderStamp } from "../../src/protocol/message.ts";
import { linkPath, linkSubprotocol, linkVersion, type ToMaster } from "../../src/protocol/link.ts";
import { decodeToSlave, encodeToMaster } from "../../src/protocol/link-codec.ts";
import { makeFrame } from "./make-frame.ts";

const [url = "", count = "0"] = process.argv.slice(2);
const slaves = Number(count);
let up = 0;
let sent = 0;
let acknowledged = 0;

/** One slave: answers what it is asked, a heartbeat every `beatMs`, a frame a second while it runs. */
function startSlave(at: number): void {
  const link = new WebSocket(url.replace("http", "ws") + linkPath, linkSubprotocol, { perMessageDeflate: false });
  const say = (message: ToMaster) => {
    if (link.readyState === WebSocket.OPEN) link.send(encodeToMaster(message));
  };
  let stamp: OrderStamp | null = null;
  const timers: NodeJS.Timeout[] = [];
  let frames = 0;
  let sequence = 0;
  let last: number | null = null;
  let durable = 0;

  const tell = (fact: Fact) => {
    if (stamp !== null) say({ type: "fact", execution: stamp.executionId, incarnation: stamp.incarnation, fact });
  };
  const end = () => {
    for (const timer of timers.splice(1)) clearInterval(timer);
    if (last !== null) return;
    last = frames;
    tell({ type: "done", lastFrame: frames });
  };
  const obey = (order: Order): void => {
    if (order.type === "prepare" && timers.length === 0) {
      timers.push(
        setInterval(() => {
          tell({ type: "heartbeat", sequence: ++sequence, lastFrame: last, suspended: false, seen: [0, 0] });
        }, beatMs),
      );
      tell({ type: "prepared" });
    } else if (order.type === "start" && timers.length === 1) {
      tell({ type: "started", atWallMs: order.atWallMs ?? null });
      // Spread over the second, as slaves of different machines are.
      setTimeout(
        () => {
          timers.push(
            setInterval(() => {
              sent++;
              tell({ type: "frame", frame: makeFrame(++frames) });
            }, 1_000),
          );
        },
        (1_000 * at) / slaves,
      );
    } else if (order.type === "ack") {
      acknowledged += order.through - durable;
      durable = order.through;
    } else if (order.type === "release") {
      tell({ type: "released", epoch: order.epoch, unstarted: [[]], begun: [[]], serials: [0] });
    } else if (order.type === "grant") {
      tell({ type: "granted", epoch: order.epoch });
    } else if (order.type === "stop") {
      tell({ type: "applied", command: order.command, testTimeMs: null });
      end();
    } else if (order.type === "close") {
      end();
      tell({ type: "closed", lastFrame: frames });
    }
  };
  let beatMs = 1_000;
  link.on("open", () => {
    say({
      type: "hello",
      version: linkVersion,
      engine: "0.1.0",
      instance: `00000000-0000-4000-8000-${String(at).padStart(12, "0")}`,
      drained: false,
      slave: {
        id: `sim-${at}`,
        type: "worker",
        address: "",
        capabilities: ["http_executor"],
        labels: {},
        max_vus: 100,
      },
    });
  });
  link.on("message", (data) => {
    const decoded = decodeToSlave(String(data));
    if ("refusal" in decoded) throw new Error(`the master sent a message that ${decoded.refusal}`);
    const { message } = decoded;
    if (message.type === "welcome") {
      beatMs = Math.min(message.intervalMs, message.timeoutMs / 5);
      up++;
    } else if (message.type === "refused") {
      throw new Error(`refused: ${message.message}`);
    } else if (message.type === "order") {
      stamp = message.stamp;
      obey(message.order);
    }
  });
  link.on("close", (code, reason) => {
    if (code !== 1000) throw new Error(`slave ${at} was cut: ${code} ${String(reason)}`);
  });
}

for (let at = 0; at < slaves; at++) startSlave(at);
process.on("message", () => process.send?.({ up, sent, acknowledged }));
process.on("disconnect", () => process.exit(0));
