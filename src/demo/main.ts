// The demo target as a process: `node dist/demo/main.js [port]`. Prints {"url": "…"} when it listens; with a parent on
// the other end of its channel it ends with it and leaves signals to it: a terminal sends them to both.
import { createDemoServer } from "./demo-server.ts";

const server = createDemoServer();

server.on("error", (error) => {
  process.stderr.write(`demo target: ${error.message}\n`);
  process.exit(1);
});

server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  const address = server.address();
  if (address === null || typeof address === "string") return;
  const ready = { url: `http://127.0.0.1:${address.port}` };
  if (process.send === undefined) process.stdout.write(`${JSON.stringify(ready)}\n`);
  else process.send(ready);
});

if (process.channel !== undefined) {
  process.on("disconnect", () => process.exit(0));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
}
