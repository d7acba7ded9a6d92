// The server of these examples: node examples/grpc/server.mjs [port]
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";

const definition = loadSync(new URL("orders.proto", import.meta.url).pathname, { keepCase: true, longs: String });
let last = 0;

const place = ({ customer, total }) => ({
  id: String(++last),
  customer,
  total,
  state: "PLACED",
  placed_at: { seconds: Math.floor(Date.now() / 1_000), nanos: 0 },
});

const server = new Server();
server.addService(definition["shop.v1.Orders"], {
  Place: (call, done) =>
    call.metadata.get("authorization")[0] === "Bearer demo"
      ? done(null, place(call.request))
      : done({ code: 16, details: "who are you?" }),
  Watch(call) {
    for (const state of ["PLACED", "SENT"]) call.write({ id: call.request.id, state });
    call.end();
  },
  PlaceMany(call) {
    call.on("data", (request) => call.write(place(request)));
    call.on("end", () => call.end());
  },
});
new ReflectionService(definition).addToServer(server);
server.bindAsync(`127.0.0.1:${process.argv[2] ?? 50051}`, ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(`orders on 127.0.0.1:${port}`);
});
