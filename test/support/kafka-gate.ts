import { connect, createServer, type Socket } from "node:net";
import { createSaslCheck, type SaslCheck, saslMechanisms, type SaslUser } from "./sasl-check.ts";
import { listening } from "./transport.ts";

// Requests and errors of Kafka's protocol, by their numbers.
const handshake = 17;
const apiVersions = 18;
const authenticate = 36;
const unsupportedMechanism = 33;
const authenticationFailed = 58;

/**
 * Asks for SASL in front of a broker that knows none, and ends with the test: until a client has shown who it is, it may
 * ask for ApiVersions alone, which names the handshake too; anything else ends its connection. `rewrite` may change what
 * comes from the broker afterwards, given the gate's port.
 */
export async function startKafkaGate(
  targetPort: number,
  user: SaslUser,
  rewrite: (chunk: Buffer, port: number) => Buffer = (chunk) => chunk,
): Promise<{ readonly port: number; readonly admitted: string[] }> {
  const admitted: string[] = [];

  async function serve(near: Socket, far: Socket): Promise<void> {
    const [requests, answers] = [readFrames(near), readFrames(far)];
    const mechanism = await admit();
    if (mechanism === null) return;
    admitted.push(mechanism);
    const pass = async (from: AsyncIterable<Buffer>, to: Socket, change = (bytes: Buffer) => bytes) => {
      for await (const each of from) to.write(change(frame(each)));
      to.end();
    };
    await Promise.all([pass(requests, far), pass(answers, near, (bytes) => rewrite(bytes, port))]);

    /** By which mechanism the client showed who it is; null: it did not. */
    async function admit(): Promise<string | null> {
      let mechanism = "";
      let check: SaslCheck | null = null;
      // Leaving a loop over them would end the socket.
      for (;;) {
        const { value: request } = await requests.next();
        if (request === undefined) return null;
        const [key, version] = [request.readInt16BE(0), request.readInt16BE(2)];
        const body = request.subarray(10 + Math.max(0, request.readInt16BE(8)));
        const reply = (...parts: readonly Buffer[]) =>
          near.write(frame(Buffer.concat([request.subarray(4, 8), ...parts])));
        if (key === apiVersions) {
          far.write(frame(request));
          const { value: answer } = await answers.next();
          if (answer === undefined) return null;
          near.write(frame(version < 3 ? nameSasl(answer) : answer));
        } else if (key === handshake) {
          mechanism = body.subarray(2, 2 + body.readInt16BE(0)).toString();
          check = createSaslCheck(mechanism, user);
          const names = saslMechanisms.map((name) => Buffer.concat([int16(name.length), Buffer.from(name)]));
          reply(int16(check === null ? unsupportedMechanism : 0), int32(names.length), ...names);
        } else if (key === authenticate && check !== null) {
          const { answer, state } = check(body.subarray(4, 4 + body.readInt32BE(0)));
          const lifetime = version === 0 ? Buffer.alloc(0) : Buffer.alloc(8);
          const said = Buffer.from("who are you?");
          if (state === "refused") {
            reply(int16(authenticationFailed), int16(said.length), said, int32(0), lifetime);
            return null;
          }
          reply(int16(0), int16(-1), int32(answer.length), answer, lifetime);
          if (state === "admitted") return mechanism;
        } else return null;
      }
    }
  }

  const server = createServer((near) => {
    const far = connect(targetPort, "127.0.0.1");
    const end = () => {
      near.end();
      far.destroy();
    };
    // What breaks one end breaks the other.
    serve(near, far).then(end, end);
  });
  const port = await listening(server);
  return { port, admitted };
}

/** The messages that come over a socket, without their size. */
async function* readFrames(socket: Socket): AsyncGenerator<Buffer, undefined> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)) {
      const end = 4 + bytes.readInt32BE(0);
      yield bytes.subarray(4, end);
      bytes = bytes.subarray(end);
    }
  }
}

/** An answer to ApiVersions with SASL's requests beside the others. */
function nameSasl(answer: Buffer): Buffer {
  const count = answer.readInt32BE(6);
  const end = 10 + count * 6;
  const more = [handshake, authenticate].map((key) => Buffer.concat([int16(key), int16(0), int16(1)]));
  return Buffer.concat([
    answer.subarray(0, 6),
    int32(count + more.length),
    answer.subarray(10, end),
    ...more,
    answer.subarray(end),
  ]);
}

function frame(message: Buffer): Buffer {
  return Buffer.concat([int32(message.length), message]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
