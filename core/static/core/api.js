// Calls of the REST interface with the session and its CSRF token; failures come as a Problem with a readable message.

import { say } from "./words.js";

export class Problem extends Error {
  /** @param {number} status 0 when the server did not answer */
  constructor(status, body = {}) {
    super(body.detail || body.title || unreadable(status));
    this.name = "Problem";
    this.status = status;
    this.code = body.code || (status ? `http_${status}` : "no_answer");
    this.errors = body.errors || [];
  }
}

function unreadable(status) {
  if (status === 0) return say("The server does not answer. Trying again…");
  if (status === 401) return say("You are signed out. Sign in again to go on.");
  return say("The server answered {status}. Reload the page and try again.", { status });
}

/** The CSRF token, from its cookie or from any form of the page. */
export function csrfToken() {
  const cookie = document.cookie.match(/(?:^|;\s*)csrftoken=([^;]+)/);
  return cookie ? decodeURIComponent(cookie[1]) : document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";
}

/** Sends JSON and returns the JSON answer (null for an empty one). */
export async function call(method, url, body, { signal } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = csrfToken();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(url, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0);
  }
  const isJson = /json/.test(response.headers.get("Content-Type") || "");
  const answer = isJson ? await response.json().catch(() => null) : null;
  if (!response.ok) throw new Problem(response.status, answer || {});
  return answer;
}
