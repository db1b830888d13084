// A gateway as one writes it with Node: HTTP/2 over TLS, and an upstream that dies on the way.
//
// KEY and CERTIFICATE are PEM texts. The first line on standard output is the port. Each line on standard input is JSON and
// says how the next responses die: the number of the `way`, whether their `length` is announced, the `body` that comes
// before. "ok" confirms, "none" says that there is no such way.
import http2 from "node:http2";
import net from "node:net";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream";

const { NGHTTP2_NO_ERROR, NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR } = http2.constants;
const noMore = () => {};

// Hands an upstream on whose connection is reset.
const dyingUpstream = (use) => {
  const server = net.createServer((socket) => socket.resetAndDestroy());
  server.listen(0, "127.0.0.1", () => {
    const socket = net.connect(server.address().port, "127.0.0.1");
    socket.on("error", noMore).on("close", () => server.close());
    use(socket);
  });
};

const ways = [
  ({ response }) => response.destroy(),
  ({ response }) => response.destroy(new Error("upstream")),
  ({ stream }) => stream.close(),
  ({ stream }) => stream.close(NGHTTP2_CANCEL),
  ({ stream }) => stream.close(NGHTTP2_INTERNAL_ERROR),
  ({ stream }) => stream.destroy(),
  ({ stream }) => stream.destroy(new Error("upstream")),
  ({ session, stream }) => { session.close(); stream.destroy(); },
  ({ session }) => session.destroy(),
  ({ session }) => session.destroy(new Error("upstream")),
  ({ session, stream }) => { session.goaway(NGHTTP2_NO_ERROR, stream.id - 2); session.destroy(); },
  () => connection.destroy(),
  ({ stream }) => dyingUpstream((socket) => pipeline(socket, stream, noMore)),
];

let next = { way: 0, length: false, body: "" };

const server = http2.createSecureServer({
  key: process.env.KEY,
  cert: process.env.CERTIFICATE,
  settings: { enablePush: false },
});
// The last one; a session does not give its own away.
let connection;
server.on("secureConnection", (socket) => {
  connection = socket.on("error", noMore);
});
server.on("sessionError", noMore);
server.on("session", (session) => session.on("error", noMore));
server.on("request", (request, response) => {
  request.on("error", noMore).resume();
  response.on("error", noMore);
  const { way, length, body } = next;
  const stream = response.stream;
  stream.on("error", noMore);
  const type = request.headers.accept ?? "";
  const headers = { "content-type": type.includes("event-stream") ? "text/event-stream" : "application/json" };
  if (length) headers["content-length"] = 1000;
  response.writeHead(200, headers);
  const die = () => ways[way]({ response, stream, session: stream.session });
  // What is written has to be on its way before the stream dies, else it is not sent at all.
  if (body) response.write(body, () => setImmediate(die));
  else {
    response.flushHeaders();
    setTimeout(die, 5);
  }
});

createInterface({ input: process.stdin })
  .on("line", (line) => {
    next = JSON.parse(line);
    console.log(next.way < ways.length ? "ok" : "none");
  })
  .on("close", () => process.exit());
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
