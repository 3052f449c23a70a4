/** The labeling API out of memory, for working on the page. A development fixture: it keeps nothing and checks little. */
import { scenarios } from "./scenarios.mjs";

const LEASE_MS = 900_000;
const projects = new Map();
let nextAnnotation = 1;

export function reset() {
  projects.clear();
  for (const [id, scenario] of Object.entries(scenarios)) {
    const tasks = scenario.texts.map((text, i) => ({ id: Number(id) * 1000 + i + 1, text, held: false, annotation: null, draft: null, suggestion: scenario.prefer(text) }));
    projects.set(Number(id), { id: Number(id), scenario, tasks, keys: new Map(), accepted: 0, shown: 0 });
  }
}
reset();

const iso = (at = Date.now()) => new Date(at).toISOString();
const problem = (status, code, detail) => [status, { type: "about:blank", title: detail, status, code, detail }];
const data = (task) => ({ id: task.id, item_id: task.id + 50_000, data: typeof task.text === "string" ? { text: task.text } : task.text });

function progress(project) {
  const mine = project.tasks.filter((task) => task.annotation !== null).length;
  return { total: project.tasks.length, done: mine, mine, suggestions_accepted: project.accepted, suggestions_shown: project.shown };
}

function leased(task) {
  const [value, confidence] = task.suggestion ?? [];
  return {
    ...data(task), lease: { token: `lease-${task.id}-${Date.now()}`, expires_at: iso(Date.now() + LEASE_MS) }, draft: task.draft,
    suggestion: task.suggestion === null ? null : { id: task.id, answer: typeof value === "string" ? { label: [value] } : value, confidence, model: "quick head 2" },
  };
}

const row = (task) => ({ annotation: task.annotation.id, revision: task.annotation.revision, task: data(task), answer: task.annotation.answer, skipped: task.annotation.skipped, at: task.annotation.at });

function page(project) {
  const { scenario } = project;
  return [200, {
    project: { id: project.id, name: scenario.name, guidelines: scenario.guidelines, overlap: 1, lease_seconds: LEASE_MS / 1000, schema: { display: scenario.display ?? [{ type: "text", field: "text" }], controls: scenario.controls } },
    me: { id: 3, name: "Ann", language: "en" }, progress: progress(project),
  }];
}

function lease(project, { count, holding }) {
  const open = project.scenario.othersHold ? [] : project.tasks.filter((task) => task.annotation === null && !holding.includes(task.id)).slice(0, count);
  for (const task of open) task.held = true;
  const remaining = project.scenario.othersHold === true || project.tasks.some((task) => task.annotation === null && !holding.includes(task.id) && !open.includes(task));
  return [200, { tasks: open.map(leased), lost: [], progress: progress(project), remaining: remaining || open.length > 0 }];
}

function answers(project, body) {
  const results = body.answers.map((answer) => {
    const known = project.keys.get(answer.client_key);
    if (known !== undefined) return { client_key: answer.client_key, status: "duplicate", annotation: known, task: answer.task };
    const task = project.tasks.find((each) => each.id === answer.task);
    if (task === undefined) return { client_key: answer.client_key, status: "invalid", problem: "There is no such task.", task: answer.task };
    task.annotation = { id: nextAnnotation++, revision: 1, answer: answer.answer, skipped: answer.skipped, at: iso() };
    task.held = false;
    project.keys.set(answer.client_key, task.annotation.id);
    if (answer.suggestion !== null && !answer.skipped) {
      project.shown += 1;
      if (answer.answer.label[0] === task.suggestion?.[0]) project.accepted += 1;
    }
    return { client_key: answer.client_key, status: "saved", annotation: task.annotation.id, task: task.id };
  });
  return [200, { results, progress: progress(project) }];
}

const allTasks = () => [...projects.values()].flatMap((project) => project.tasks);

function annotation(method, id, body, query) {
  const task = allTasks().find((each) => each.annotation?.id === id);
  if (task === undefined) return problem(404, "not_found", "There is no such answer.");
  if (Number(method === "PATCH" ? body.revision : query.get("revision")) !== task.annotation.revision) return problem(412, "revision_conflict", "This answer was changed meanwhile.");
  if (method === "PATCH") {
    task.annotation = { ...task.annotation, answer: body.answer, skipped: body.skipped, revision: task.annotation.revision + 1 };
    return [200, row(task)];
  }
  task.draft = { answer: task.annotation.answer, saved_at: iso() };
  task.annotation = null;
  return [200, leased(task)];
}

export function answerTo(method, path, body, query) {
  const [, kind, id, part] = /^(projects|tasks|annotations)\/(\d+)\/(?:(\w+)\/)?$/.exec(path) ?? [];
  const project = projects.get(Number(id));
  if (kind === "annotations") return annotation(method, Number(id), body, query);
  if (kind === "tasks") {
    const task = allTasks().find((each) => each.id === Number(id));
    if (task !== undefined) task.draft = { answer: body.answer, saved_at: iso() };
    return task === undefined ? problem(404, "not_found", "There is no such task.") : [200, { saved_at: iso() }];
  }
  if (kind !== "projects" || project === undefined) return problem(404, "not_found", "There is no such project.");
  if (part === "page") return page(project);
  if (part === "lease") return lease(project, body);
  if (part === "answers") return answers(project, body);
  if (part === "release") return [204, null];
  const mine = project.tasks.filter((task) => task.annotation !== null).sort((left, right) => right.annotation.id - left.annotation.id);
  return [200, { results: mine.slice(0, 50).map(row), next: null }];
}
