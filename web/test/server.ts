/** A server on a real socket that keeps the labeling contract in memory and fails when told to. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { answerWay, isOfWay, showWay, stageOf, type TestWay } from "./way";

/** `cut-before` loses the request, `cut-after` does the work and loses the answer. */
export type Fault = "ok" | "500" | "401" | "400" | "cut-before" | "cut-after" | "429";

interface Saved { annotation: number; revision: number; task: number; answer: unknown; skipped: boolean; verdict?: string | undefined; why?: string }
interface Body {
  count: number; holding: number[]; tasks: number[]; revision: number; schema_revision: number; answer: unknown; skipped: boolean;
  verdict: string; reason: string;
  comments: { client_key: string; task: number; body: string }[];
  answers: { client_key: string; task: number; answer: { label: string[] } | null; skipped: boolean }[];
}

export interface TestServer {
  base: string;
  faults: Fault[];
  requests: string[];
  /** Annotations by their number, and how often each client key made one. */
  saved: Map<number, Saved>;
  written: string[];
  released: number[];
  /** Bodies of comments, once for each that was made. */
  said: string[];
  /** Of the questions; another one than 1 tells the page that they were changed. */
  revision: number;
  /** The number of the questions that `page/` gives. */
  asked: number;
  drafts: Map<number, unknown>;
  lost: Set<number>;
  noPlace: Set<number>;
  /** Training and test; null where the queue is open. */
  way: TestWay | null;
  /** Holds back the next answer to `lease/` until the returned function is called; the answer itself is made at once. */
  delayLease(): () => void;
  close(): Promise<void>;
}

const AT = "2026-11-23T10:00:00Z";

export async function startServer(total: number): Promise<TestServer> {
  const keys = new Map<string, number>();
  const state = {
    faults: [] as Fault[], requests: [] as string[], saved: new Map<number, Saved>(), written: [] as string[], released: [] as number[], said: [] as string[], revision: 1, asked: 1,
    way: null as TestWay | null,
    drafts: new Map<number, unknown>(), lost: new Set<number>(), noPlace: new Set<number>(),
  };
  const item = (id: number) => ({ id, item_id: 100 + id, data: { text: `text ${id}` } });
  const leased = (id: number, draft: unknown = null) => ({ ...item(id), lease: { token: `lease ${id}`, expires_at: AT }, draft: draft === null ? null : { answer: draft, saved_at: AT }, suggestion: null });
  const isDone = (id: number): boolean => [...state.saved.values()].some((row) => row.task === id);
  const progress = () => ({ total, done: state.saved.size, mine: state.saved.size, suggestions_accepted: 0, suggestions_shown: 0 });
  const show = (row: Saved) => ({ annotation: row.annotation, revision: row.revision, task: item(row.task), answer: row.answer, skipped: row.skipped, at: AT });

  function lease(body: Body) {
    const lost = body.holding.filter((id) => state.lost.has(id));
    const free = Array.from({ length: total }, (_, i) => i + 1).filter((id) => !isDone(id) && !isOfWay(state.way, id) && !body.holding.includes(id) && !state.lost.has(id));
    return { tasks: free.slice(0, body.count).map((id) => leased(id)), lost, progress: progress(), remaining: free.length > 0 || body.holding.length > lost.length, schema_revision: state.revision };
  }

  function take(answer: Body["answers"][number]) {
    const known = keys.get(answer.client_key);
    const row = { client_key: answer.client_key, task: answer.task };
    if (known !== undefined) return { ...row, status: "duplicate", annotation: known };
    if (state.noPlace.has(answer.task)) return { ...row, status: "kept_as_draft" };
    if (answer.answer?.label.includes("eggs")) return { ...row, status: "invalid", problem: "There is no label “eggs”." };
    const annotation = state.written.push(answer.client_key);
    keys.set(answer.client_key, annotation);
    state.saved.set(annotation, { annotation, revision: 1, task: answer.task, answer: answer.answer, skipped: answer.skipped });
    return { ...row, status: "saved", annotation };
  }

  function remark(row: Body["comments"][number]) {
    const known = keys.get(row.client_key);
    if (known !== undefined) return { client_key: row.client_key, task: row.task, status: "duplicate", comment: known };
    if (row.body.includes("bad")) return { client_key: row.client_key, task: row.task, status: "invalid", comment: null, problem: { detail: "Not so." } };
    keys.set(row.client_key, state.said.push(row.body));
    return { client_key: row.client_key, task: row.task, status: "saved", comment: state.said.length };
  }

  function annotation(method: string, id: number, revision: number, body: Body): [number, unknown] {
    const row = state.saved.get(id);
    if (row === undefined) return [404, { code: "not_found", detail: "There is no such answer." }];
    if (row.revision !== revision) return [412, { code: "changed_meanwhile", detail: "This answer was changed meanwhile." }];
    if (method === "DELETE") {
      state.saved.delete(id);
      return [200, leased(row.task, row.answer)];
    }
    const changed = { ...row, revision: row.revision + 1, answer: body.answer, skipped: body.skipped };
    state.saved.set(id, changed);
    return [200, show(changed)];
  }

  const showReviewed = (row: Saved) => ({ ...show(row), annotator: { id: 8, name: "Bob" }, verdict: row.verdict ?? "none", reviewer: row.verdict === undefined ? null : { id: 3, name: "Ann" }, reason: row.why ?? "" });

  /** A verdict is a change: it needs the revision, except to take back one that was sent back. */
  function judge(id: number, body: Body): [number, unknown] {
    const row = state.saved.get(id);
    if (row === undefined) return [404, { code: "not_found", detail: "There is no such answer." }];
    if (row.verdict !== "rejected" && row.revision !== body.revision) return [412, { code: "changed_meanwhile", detail: "This answer was changed meanwhile." }];
    const judged = { ...row, revision: row.revision + 1, verdict: body.verdict === "none" ? undefined : body.verdict, why: body.reason, answer: body.answer ?? row.answer };
    state.saved.set(id, judged);
    return [200, showReviewed(judged)];
  }

  /** In the questions of before, "spam" was called "junk". */
  function draft(id: number, body: Body) {
    const isEarlier = body.schema_revision < state.asked;
    const kept: unknown = isEarlier ? JSON.parse(JSON.stringify(body.answer).replaceAll("junk", "spam")) : body.answer;
    state.drafts.set(id, kept);
    return isEarlier ? { saved_at: AT, answer: kept } : { saved_at: AT };
  }

  function answerTo(method: string, url: URL, body: Body): [number, unknown] {
    const path = url.pathname.slice("/api/v1/".length);
    const id = Number(/\/(\d+)\//.exec(path)?.[1]);
    if (path.endsWith("/page/")) {
      const labels = ["spam", "ham"].map((value) => ({ value, title: value }));
      const schema = { display: [{ type: "text", field: "text" }], controls: [{ name: "label", type: "choice", multiple: false, required: true, labels }] };
      return [200, { project: { id: 7, name: "SMS", guidelines: "", overlap: 1, lease_seconds: 900, schema, schema_revision: state.asked }, me: { id: 3, name: "Ann", language: "en" }, progress: progress(), onboarding: showWay(state.way) }];
    }
    if (path.includes("/onboarding/")) return state.way === null ? [200, { stage: "open" }] : answerWay(state.way, path, { client_key: "", task: 0, ...body });
    if (path.endsWith("/lease/") && state.way !== null && stageOf(state.way) !== "passed") return [409, { code: "onboarding", detail: "Training first." }];
    if (path.endsWith("/lease/")) return [200, lease(body)];
    if (path.endsWith("/answers/")) return [200, { results: body.answers.map(take), progress: progress() }];
    if (path.endsWith("/comments/")) return [200, { results: body.comments.map(remark) }];
    if (path.endsWith("/draft/")) return [200, draft(id, body)];
    if (path.endsWith("/release/")) { state.released.push(...body.tasks); return [204, null]; }
    if (path.endsWith("/history/")) return [200, { results: [...state.saved.values()].reverse().map(show), next: null }];
    if (path.startsWith("annotations/") && path.endsWith("/review/")) return judge(id, body);
    if (path.endsWith("/review/")) return [200, { results: [...state.saved.values()].reverse().map(showReviewed), next: null }];
    return annotation(method, id, method === "DELETE" ? Number(url.searchParams.get("revision")) : body.revision, body);
  }

  let delay: Promise<void> | null = null;
  function delayLease(): () => void {
    let release = (): void => undefined;
    delay = new Promise((resolve) => { release = resolve; });
    return release;
  }
  function takeDelay(): Promise<void> | null {
    const taken = delay;
    delay = null;
    return taken;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const part of request) text += String(part);
    const url = new URL(request.url ?? "/", "http://localhost");
    const fault = state.faults.shift();
    state.requests.push(`${request.method} ${url.pathname.slice("/api/v1/".length)}`);
    if (fault === "cut-before") return void request.socket.destroy();
    if (fault !== undefined && fault !== "ok" && fault !== "cut-after") return void response.writeHead(Number(fault), fault === "429" ? { "Retry-After": "3" } : {}).end('{"code": "not_authenticated", "detail": "no"}');
    const [status, answer] = answerTo(request.method ?? "GET", url, (text === "" ? {} : JSON.parse(text)) as Body);
    if (url.pathname.endsWith("/lease/")) await takeDelay();
    if (fault === "cut-after") return void request.socket.destroy();
    response.writeHead(status, { "Content-Type": "application/json" }).end(answer === null ? undefined : JSON.stringify(answer));
  }

  const server: Server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> => new Promise((resolve) => { server.closeAllConnections(); server.close(() => resolve()); });
  return Object.assign(state, { delayLease, base: `http://127.0.0.1:${port}/api/v1/`, close });
}
