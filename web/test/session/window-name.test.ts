import { expect, test } from "vitest";
import { nameOfWindow } from "../../src/session/window-name";

function browser() {
  const taken = new Set<string>();
  let names = 0;
  return {
    taken,
    random: () => `name-${(names += 1)}`,
    // As the browser's: given at once or refused, and kept until the work ends, which here is never.
    locks: { request: (async (name: string, _options: LockOptions, work: (lock: Lock | null) => unknown) => {
      const free = !taken.has(name);
      if (free) taken.add(name);
      return work(free ? { name, mode: "exclusive" } : null);
    }) as LockManager["request"] },
  };
}

function tab(kept = new Map<string, string>()) {
  return { kept, getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
}

test("a window that is loaded again keeps its name", async () => {
  const { locks, random, taken } = browser();
  const own = tab();
  const name = await nameOfWindow(own, locks, random);
  taken.clear();
  expect(await nameOfWindow(own, locks, random)).toBe(name);
});

test("a duplicated tab gets a name of its own and keeps that", async () => {
  const { locks, random, taken } = browser();
  const own = tab();
  const name = await nameOfWindow(own, locks, random);
  const copy = tab(new Map(own.kept));
  const other = await nameOfWindow(copy, locks, random);
  expect(other).not.toBe(name);
  taken.clear();
  expect(await nameOfWindow(copy, locks, random)).toBe(other);
});

test("without locks each load has a name of its own, since nobody could tell two tabs apart", async () => {
  const { random } = browser();
  const own = tab();
  expect(await nameOfWindow(own, null, random)).not.toBe(await nameOfWindow(own, null, random));
});
