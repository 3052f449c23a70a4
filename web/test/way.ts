/** Training and test as the server has them, for the tests of the page: "spam" is always right. */
export interface TestWay { training: number[]; test: number[]; attempt: number; attempts?: number; said: Map<string, { key: string; task: number; tries: number; outcome: string }> }
interface Body { client_key: string; task: number; answer: unknown }

export const isOfWay = (way: TestWay | null, id: number): boolean => way !== null && [...way.training, ...way.test].includes(id);

const place = (way: TestWay, task: number): string => (way.training.includes(task) ? `0:${task}` : `${way.attempt}:${task}`);
const left = (way: TestWay, tasks: readonly number[]): number[] => tasks.filter((task) => !way.said.has(place(way, task)));
const rightOf = (way: TestWay, tasks: readonly number[]): number => tasks.filter((task) => way.said.get(place(way, task))?.outcome === "right").length;

export function stageOf(way: TestWay): string {
  if (left(way, way.training).length > 0) return "training";
  if (left(way, way.test).length > 0) return "test";
  return rightOf(way, way.test) === way.test.length ? "passed" : "failed";
}

export function showWay(way: TestWay | null): unknown {
  if (way === null) return null;
  const stage = stageOf(way);
  const next = left(way, stage === "training" ? way.training : way.test)[0];
  const done = (tasks: readonly number[]): number => tasks.length - left(way, tasks).length;
  return {
    stage,
    training: { total: way.training.length, done: done(way.training), right: rightOf(way, way.training) },
    test: { total: way.test.length, done: done(way.test), least: 100, needed: way.test.length, attempt: way.attempt, attempts: way.attempts ?? 2 },
    task: next === undefined ? null : { id: next, item_id: 100 + next, data: { text: `text ${next}` }, draft: null },
    result: stage === "passed" || stage === "failed"
      ? { passed: stage === "passed", right: rightOf(way, way.test), answers: way.test.length, least: 100, attempts_left: (way.attempts ?? 2) - way.attempt, wrong: null } : null,
    schema_revision: 1,
  };
}

export function answerWay(way: TestWay, path: string, body: Body): [number, unknown] {
  if (path.endsWith("/attempt/")) {
    if (stageOf(way) === "failed") way.attempt += 1;
    return [200, showWay(way)];
  }
  if (!path.endsWith("/answer/")) return [200, showWay(way)];
  if (!isOfWay(way, body.task)) return [404, { code: "not_found", detail: "This task is none of yours." }];
  const isTraining = way.training.includes(body.task);
  const at = place(way, body.task);
  const earlier = way.said.get(at);
  const outcome = JSON.stringify(body.answer) === '{"label":["spam"]}' ? "right" : "wrong";
  const isNew = earlier === undefined || (isTraining && earlier.key !== body.client_key);
  if (isNew) way.said.set(at, { key: body.client_key, task: body.task, tries: (earlier?.tries ?? 0) + 1, outcome: earlier?.outcome ?? outcome });
  const feedback = isTraining ? { outcome, answer: { label: ["spam"] }, explanation: `because ${body.task}` } : null;
  return [200, { status: isNew ? "saved" : "duplicate", feedback, state: showWay(way) }];
}
