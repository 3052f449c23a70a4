// <job-progress data-url="/api/v1/jobs/12/">: a job's state, drawn again at each poll until the job has ended.

import { call } from "./api.js";
import { ask } from "./confirm.js";
import { toast } from "./toast.js";
import { formatCount, formatTime, say } from "./words.js";

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5000;
const GROWTH = 1.25;
const ENDED = new Set(["succeeded", "failed", "cancelled"]);
const TITLES = {
  queued: "Waiting", running: "Running", cancelling: "Stopping", succeeded: "Done", failed: "Failed", cancelled: "Cancelled",
};

class JobProgress extends HTMLElement {
  connectedCallback() {
    this.pause = FIRST_PAUSE;
    // The server may have drawn the page while the job ran, and the first poll already finds it ended.
    this.wasOpen = Boolean(this.dataset.state) && !ENDED.has(this.dataset.state);
    this.build();
    this.poll();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    this.stopped = true;
  }

  build() {
    this.chip = element("span", "chip");
    this.stage = element("span");
    this.stop = element("button", "button button-small push", say("Cancel"));
    this.stop.type = "button";
    this.stop.hidden = true;
    this.stop.addEventListener("click", () => this.cancel());
    const line = element("div", "job-line");
    line.append(this.chip, this.stage, this.stop);
    this.bar = element("progress");
    this.detail = element("div", "job-detail");
    this.problem = element("div", "notice notice-error");
    this.problem.hidden = true;
    // Announced only when the words change, so a screen reader does not hear every row.
    this.live = element("p", "visually-hidden");
    this.live.setAttribute("role", "status");
    this.replaceChildren(line, this.bar, this.detail, this.problem, this.live);
  }

  async poll() {
    try {
      const before = this.job;
      this.job = await call("GET", this.dataset.url);
      const moved = !before || before.done !== this.job.done || before.state !== this.job.state;
      this.pause = moved ? FIRST_PAUSE : Math.min(this.pause * GROWTH, LONGEST_PAUSE);
      this.draw();
    } catch (error) {
      if (error.status && error.status < 500 && error.status !== 429) return this.showProblem(error);
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
      this.stage.textContent = say("The server does not answer. Trying again…");
    }
    if (this.job && ENDED.has(this.job.state)) return this.end();
    this.wasOpen = true;
    if (!this.stopped) this.timer = setTimeout(() => this.poll(), this.pause);
  }

  draw() {
    const { state, stage, done, total } = this.job;
    const title = say(TITLES[state] || state);
    this.chip.className = `chip state-${state}`;
    this.chip.textContent = title;
    this.stage.textContent = stage;
    this.live.textContent = stage ? `${title}: ${stage}` : title;
    this.bar.hidden = state === "queued" || (ENDED.has(state) && !total);
    this.bar.classList.toggle("progress-bad", state === "failed");
    this.bar.setAttribute("aria-label", this.job.title);
    if (total) {
      this.bar.max = total;
      this.bar.value = Math.min(done, total);
    } else this.bar.removeAttribute("value");
    this.detail.replaceChildren(...this.figures().map((text) => element("span", "", text)));
    this.stop.hidden = !("cancel" in this.dataset) || !["queued", "running"].includes(state);
    if (this.job.error) this.showProblem({ ...this.job.error, message: this.job.error.detail });
  }

  figures() {
    const { done, total, rows_done: rows, rows_refused: refused, attempt } = this.job;
    const found = [];
    if (total) found.push(say("{done} of {total}", { done: formatCount(done), total: formatCount(total) }));
    if (rows) found.push(say("{count} rows", { count: formatCount(rows) }));
    if (refused) found.push(say("{count} refused", { count: formatCount(refused) }));
    if (this.job.started_at) {
      const until = this.job.finished_at ? Date.parse(this.job.finished_at) : Date.now();
      found.push(say("{time} elapsed", { time: formatTime((until - Date.parse(this.job.started_at)) / 1000) }));
    }
    if (attempt > 1) found.push(say("Attempt {number}", { number: attempt }));
    return found;
  }

  showProblem({ title, message, advice, code }) {
    this.problem.replaceChildren(element("strong", "", title || say("Failed")), element("p", "", message));
    if (advice) this.problem.append(element("p", "", advice));
    if (code) this.problem.append(element("code", "code", code));
    this.problem.hidden = false;
  }

  async cancel() {
    if (!(await ask(say("Stop this job? What it has finished is kept."), say("Yes, stop it")))) return;
    try {
      this.job = await call("POST", `${this.dataset.url}cancel/`);
      this.pause = FIRST_PAUSE;
      this.draw();
    } catch (error) {
      toast(error.message, "error");
    }
  }

  end() {
    this.dispatchEvent(new CustomEvent("job-finished", { bubbles: true, detail: this.job }));
    // A job that had ended when the page was drawn must not send the reader away from it.
    if (!this.wasOpen) return;
    if (this.job.state === "succeeded" && this.dataset.next) location.assign(this.dataset.next);
    else if ("reload" in this.dataset) location.reload();
  }
}

function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

customElements.define("job-progress", JobProgress);
