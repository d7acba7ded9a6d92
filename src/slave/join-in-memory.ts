import type { LinkPort, SlaveLink, ToSlave } from "../protocol/link.ts";
import { EngineError } from "../errors.ts";
import type { Slave } from "./slave.ts";

/**
 * Joins a slave and a master of the same process. Messages are handed over in later turns, in order, as a network would.
 * Throws EngineError `start_failed` when the master does not take the slave.
 */
export async function joinInMemory(slave: Slave, port: LinkPort): Promise<{ close(): void }> {
  const { hello } = slave;
  const { id } = hello.slave;
  let open = true;
  const link: SlaveLink = {
    send: (message) => setImmediate(() => open && deliver(message)),
    close: () => close(),
    bufferedBytes: 0,
  };
  const deliver = (message: ToSlave): void => {
    if (message.type !== "welcome" && message.type !== "refused") slave.receive(message);
  };
  const close = (): void => {
    if (!open) return;
    open = false;
    slave.disconnect();
    port.disconnect(id, hello.instance);
  };
  const answer = await port.connect(hello, link);
  if (answer.type === "refused") throw new EngineError("start_failed", `${answer.error}: ${answer.message}`);
  const send: Parameters<Slave["connect"]>[0]["send"] = (message) => {
    if (message.type === "hello") return;
    setImmediate(() => open && port.receive(id, hello.instance, message));
  };
  slave.connect({ send }, answer);
  return { close };
}
