import type { Client } from "@grpc/grpc-js";
import type { Root } from "protobufjs";
import { DriverFailure } from "../../driver/call-driver.ts";
import { buildRoot, decodeFile, type FileDescriptor } from "./build-root.ts";
import { cleanDetails } from "./clean-details.ts";
import { findStandardProto, loadProtobuf } from "./load-protobuf.ts";
import { nameStatus, status } from "./status.ts";

/** What is spoken, the same in both versions of the service. */
const protocol = `syntax = "proto3";
message Request { string host = 1; string file_by_filename = 3; string file_containing_symbol = 4; }
message Response { Files file_descriptor_response = 4; Refusal error_response = 7; }
message Files { repeated bytes file_descriptor_proto = 1; }
message Refusal { int32 error_code = 1; string error_message = 2; }`;

interface Answer {
  readonly file_descriptor_response?: { readonly file_descriptor_proto: readonly Uint8Array[] } | null;
  readonly error_response?: { readonly error_code: number; readonly error_message: string } | null;
}

const versions = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];
const mostFiles = 1_000;
const mostBytes = 16 * 1024 * 1024;

/** Asks a server for the types of a service and all that they need. Rejects with a DriverFailure. */
export async function reflect(client: Client, service: string, deadline: Date): Promise<Root> {
  for (const version of versions) {
    const found = await ask(client, version, service, deadline);
    if (found !== null) return buildRoot(found);
  }
  throw new DriverFailure("grpc_unimplemented", "the server has no reflection; name the `proto` instead");
}

/** null: the server does not speak this version. */
function ask(client: Client, version: string, service: string, deadline: Date): Promise<FileDescriptor[] | null> {
  const types = loadProtobuf().parse(protocol, { keepCase: true }).root;
  const requests = types.lookupType("Request");
  const answers = types.lookupType("Response");
  const files = new Map<string, FileDescriptor>();
  const asked = new Set<string>();
  let open = 0;
  let bytes = 0;
  return new Promise((resolve, reject) => {
    const call = client.makeBidiStreamRequest(
      `/${version}/ServerReflectionInfo`,
      (request: object) => Buffer.from(requests.encode(request).finish()),
      (answer: Buffer) => answers.decode(answer) as unknown as Answer,
      { deadline },
    );
    const fail = (code: number, message: string) => {
      reject(new DriverFailure(`grpc_${nameStatus(code).toLowerCase()}`, message));
      call.cancel();
    };
    const send = (request: object) => {
      open++;
      call.write(request);
    };
    call.on("data", ({ file_descriptor_response: found, error_response: refusal }: Answer) => {
      open--;
      if (refusal !== null && refusal !== undefined) {
        fail(refusal.error_code, `reflection of \`${service}\`: ${refusal.error_message.slice(0, 200)}`);
        return;
      }
      for (const encoded of found?.file_descriptor_proto ?? []) {
        bytes += encoded.length;
        const file = decodeFile(encoded);
        files.set(file.name, file);
      }
      if (files.size > mostFiles || bytes > mostBytes) {
        fail(status.resourceExhausted, "the server's types are larger than 16 MiB or 1000 files");
        return;
      }
      const wanted = [...files.values()].flatMap(({ dependency }) => dependency);
      for (const name of wanted) {
        if (files.has(name) || asked.has(name) || findStandardProto(name) !== null) continue;
        asked.add(name);
        send({ file_by_filename: name });
      }
      if (open === 0) call.end();
    });
    call.on("error", () => undefined);
    call.on("status", ({ code, details }: { readonly code: number; readonly details: string }) => {
      if (code === status.ok) resolve([...files.values()]);
      else if (code === status.unimplemented) resolve(null);
      else fail(code, `reflection of \`${service}\`: ${cleanDetails(details)}`);
    });
    send({ file_containing_symbol: service });
  });
}
