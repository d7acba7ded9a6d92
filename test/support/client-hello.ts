import { connect, createServer } from "node:net";
import { listening } from "./transport.ts";

/** What a client offers in the first message of TLS (RFC 8446, section 4.1.2). */
export interface ClientHello {
  /** Empty: none is asked for. */
  readonly serverName: string;
  /** 0x0303 is TLS 1.2, 0x0304 is 1.3. */
  readonly versions: readonly number[];
  readonly ciphers: readonly number[];
}

/** Passes connections on to a port of this machine, and notes the ClientHello of each that comes to TLS, however late. */
export async function startHelloTap(targetPort: number): Promise<{ readonly port: number; latest(): ClientHello }> {
  const hellos: ClientHello[] = [];
  const server = createServer((near) => {
    const far = connect(targetPort, "127.0.0.1");
    let said = Buffer.alloc(0);
    const look = (chunk: Buffer) => {
      said = Buffer.concat([said, chunk]);
      const hello = findHello(said);
      if (hello === null) return;
      hellos.push(hello);
      near.off("data", look);
    };
    near.on("data", look);
    near.on("error", () => far.destroy()).pipe(far);
    far.on("error", () => near.destroy()).pipe(near);
  });
  const port = await listening(server);
  return {
    port,
    latest() {
      const hello = hellos.at(-1);
      if (hello === undefined) throw new Error("nobody has spoken TLS");
      return hello;
    },
  };
}

function findHello(bytes: Buffer): ClientHello | null {
  // A record of the handshake, of any version, whose first message is a ClientHello.
  const found = /\x16\x03[\x01-\x03][^]{2}\x01/.exec(bytes.toString("latin1"));
  if (found === null || bytes.length < found.index + 5 + bytes.readUInt16BE(found.index + 3)) return null;
  let at = found.index + 9;
  const legacy = bytes.readUInt16BE(at);
  at += 2 + 32;
  at += 1 + bytes.readUInt8(at);
  const ciphers = readList(bytes.subarray(at + 2, at + 2 + bytes.readUInt16BE(at)));
  at += 2 + bytes.readUInt16BE(at);
  at += 1 + bytes.readUInt8(at);
  const end = at + 2 + bytes.readUInt16BE(at);
  at += 2;
  let serverName = "";
  let versions = [legacy];
  while (at < end) {
    const [kind, length] = [bytes.readUInt16BE(at), bytes.readUInt16BE(at + 2)];
    const value = bytes.subarray(at + 4, at + 4 + length);
    if (kind === 0) serverName = value.subarray(5).toString("latin1");
    if (kind === 43) versions = readList(value.subarray(1));
    at += 4 + length;
  }
  return { serverName, versions, ciphers };
}

function readList(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length / 2 }, (_, place) => bytes.readUInt16BE(place * 2));
}
