/** One request with its failure named, so that callers decide by kind and never by exception text. */
import { parseProblem, type Problem } from "../wire";

export type Failure =
  | { kind: "offline" }
  | { kind: "server"; status: number; retryAfter: number | null }
  | { kind: "signed-out"; problem: Problem }
  | { kind: "refused"; status: number; problem: Problem };

/** What the server says of a failure; empty when it was not reached. */
export const saidOf = (failure: Failure): string => ("problem" in failure ? failure.problem.detail || failure.problem.title : "");

export type Outcome<T> = { ok: true; value: T } | { ok: false; failure: Failure };

export interface Http {
  request<T>(method: string, path: string, body: unknown, parse: (json: unknown) => T): Promise<Outcome<T>>;
  /** Sends without waiting and survives the closing of the page (at most 64 kB in all browsers). */
  beacon(path: string, body: unknown): void;
}

export interface HttpOptions {
  base: string;
  fetch: typeof fetch;
  csrfToken(): string;
  timeoutMs?: number;
}

const NO_PROBLEM: Problem = { code: "", title: "", detail: "", errors: [] };

function headers(options: HttpOptions): Record<string, string> {
  return { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": options.csrfToken() };
}

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get("Retry-After") ?? "");
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null;
}

async function failureOf(response: Response): Promise<Failure> {
  if (response.status >= 500 || response.status === 429 || response.status === 408) {
    return { kind: "server", status: response.status, retryAfter: retryAfter(response) };
  }
  const problem = await response.json().then(parseProblem, () => NO_PROBLEM);
  if (response.status === 401 || response.status === 403) return { kind: "signed-out", problem };
  return { kind: "refused", status: response.status, problem };
}

export function createHttp(options: HttpOptions): Http {
  return {
    async request(method, path, body, parse) {
      let response: Response;
      let json: unknown;
      try {
        response = await options.fetch(options.base + path, {
          method,
          headers: headers(options),
          credentials: "same-origin",
          signal: AbortSignal.timeout(options.timeoutMs ?? 30_000),
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        if (!response.ok) return { ok: false, failure: await failureOf(response) };
        // A sign-in page reached through a redirect answers 200 with HTML.
        if (response.redirected && !(response.headers.get("Content-Type") ?? "").includes("json")) {
          return { ok: false, failure: { kind: "signed-out", problem: NO_PROBLEM } };
        }
        json = response.status === 204 ? null : await response.json();
      } catch (error) {
        // A body that isn't JSON comes from something between us and the server: worth another try.
        return { ok: false, failure: error instanceof SyntaxError ? { kind: "server", status: 0, retryAfter: null } : { kind: "offline" } };
      }
      try {
        return { ok: true, value: parse(json) };
      } catch (error) {
        console.error(`${method} ${path}: unexpected answer`, error);
        return { ok: false, failure: { kind: "server", status: 0, retryAfter: null } };
      }
    },
    beacon(path, body) {
      const request = { method: "POST", headers: headers(options), credentials: "same-origin" as const, keepalive: true };
      options.fetch(options.base + path, { ...request, body: JSON.stringify(body) }).catch(() => undefined);
    },
  };
}

/** The CSRF cookie is read for each request: a sign-in in another tab changes it. */
export function csrfFromCookie(cookie: string): string {
  const found = cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  return found === undefined ? "" : decodeURIComponent(found.slice("csrftoken=".length));
}
