/** Serves the built page and the API fixture on port 5175: for looking and for scripts that drive a browser. Never part of the product. */
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { answerTo, reset } from "./memory-api.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const STATIC = { "/core/": join(HERE, "../../core/static/core"), "/page/": join(HERE, "../../labeling/static/labeling/page") };
const TYPES = { js: "text/javascript", css: "text/css", json: "application/json" };
const CSP = "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/** "ok", "500", "401", "drop" (saves, then cuts the line) or a delay such as "slow:300". */
let mode = "ok";

function html(url) {
  const [project, language, theme] = [url.searchParams.get("project") ?? "1", url.searchParams.get("lang") ?? "en", url.searchParams.get("theme")];
  return `<!doctype html><html lang="${/^zh/.test(language) ? "zh-Hans" : "en"}"${theme === "dark" || theme === "light" ? ` data-theme="${theme}"` : ""}><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"><title>Labeling</title>
<link rel="stylesheet" href="/core/assay.css"><link rel="stylesheet" href="/page/page.css"><script type="module" src="/page/page.js"></script></head>
<body><div id="labeling-page" data-project="${Number(project)}" data-language="${/^zh/.test(language) ? "zh-hans" : "en"}" data-api="/api/v1/" data-exit="/"></div></body></html>`;
}

async function api(request, response, url) {
  let body = "";
  for await (const part of request) body += part;
  if (mode === "500" || mode === "401") {
    response.writeHead(Number(mode), { "Content-Type": "application/problem+json" });
    return response.end(JSON.stringify({ code: mode === "401" ? "not_authenticated" : "error", title: "", detail: "" }));
  }
  const [status, answer] = answerTo(request.method, url.pathname.slice("/api/v1/".length), body === "" ? {} : JSON.parse(body), url.searchParams);
  if (mode === "drop") return request.socket.destroy();
  const wait = mode.startsWith("slow:") ? Number(mode.slice(5)) : 0;
  setTimeout(() => {
    response.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json" });
    response.end(answer === null ? "" : JSON.stringify(answer));
  }, wait);
}

function file(response, path) {
  const [prefix, folder] = Object.entries(STATIC).find(([start]) => path.startsWith(start)) ?? [];
  const name = folder === undefined ? null : join(folder, normalize(path.slice(prefix.length)).replace(/^(\.\.[/\\])+/, ""));
  if (name === null || !existsSync(name)) return response.writeHead(404).end();
  response.writeHead(200, { "Content-Type": TYPES[name.split(".").at(-1)] ?? "application/octet-stream" });
  createReadStream(name).pipe(response);
}

createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname.startsWith("/api/v1/")) return void api(request, response, url);
  if (url.pathname === "/dev/mode") { mode = url.searchParams.get("set") ?? "ok"; return response.end(mode); }
  if (url.pathname === "/dev/reset") { reset(); mode = "ok"; return response.end("ok"); }
  if (url.pathname !== "/") return file(response, url.pathname);
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": CSP, "Set-Cookie": "csrftoken=development; Path=/" });
  response.end(html(url));
}).listen(5175, "127.0.0.1", () => console.log("API fixture and built page: http://127.0.0.1:5175/?project=1&lang=en"));
