// The page and the API under one address, as a reverse proxy would have it: node serve.mjs.
// PORT (3000), API (http://127.0.0.1:8000). For this machine alone.
import { createServer, request } from "node:http";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const port = Number(process.env.PORT ?? 3000);
const api = new URL(process.env.API ?? "http://127.0.0.1:8000");
const FILES = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/main.js": ["main.js", "text/javascript; charset=utf-8"],
  "/style.css": ["style.css", "text/css; charset=utf-8"],
  "/icon.svg": ["icon.svg", "image/svg+xml"],
};

function forward(asked, answer) {
  const headers = { ...asked.headers, host: api.host };
  const call = request(new URL(asked.url, api), { method: asked.method, headers }, (came) => {
    answer.writeHead(came.statusCode, came.headers);
    came.pipe(answer);
  });
  call.on("error", () => {
    if (!answer.headersSent) answer.writeHead(502);
    answer.end();
  });
  asked.pipe(call);
}

const server = createServer(async (asked, answer) => {
  const path = asked.url.split("?")[0];
  if (path.startsWith("/v1/")) return forward(asked, answer);
  const file = FILES[path];
  if (!file || asked.method !== "GET") return answer.writeHead(404).end();
  const body = await readFile(fileURLToPath(new URL(`public/${file[0]}`, import.meta.url)));
  return answer.writeHead(200, { "Content-Type": file[1], "Cache-Control": "no-store" }).end(body);
});
server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port} → ${api.origin}`));
