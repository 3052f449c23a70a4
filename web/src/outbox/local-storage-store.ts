/** Entries in localStorage, for browsers that refuse IndexedDB (some private windows). */
import { parseStored, type Sendable } from "../wire";
import { byAge, type Entry, type EntryStore } from "./entry";

const PREFIX = "assay:outbox:";

function read<S extends Sendable>(storage: Storage, name: string): Entry<S> | null {
  try {
    return parseStored<Entry<S>>(JSON.parse(storage.getItem(name) ?? "null"), (row) => typeof row.key === "string" && typeof row.submission === "object");
  } catch {
    return null;
  }
}

export function createLocalStorageStore<S extends Sendable>(storage: Storage): EntryStore<S> {
  return {
    async all(scope) {
      const names = Array.from({ length: storage.length }, (_, i) => storage.key(i) ?? "").filter((name) => name.startsWith(PREFIX));
      return names.map((name) => read<S>(storage, name)).filter((entry) => entry !== null).filter((entry) => entry.scope === scope).sort(byAge);
    },
    put: async (entry) => storage.setItem(PREFIX + entry.key, JSON.stringify(entry)),
    remove: async (key) => storage.removeItem(PREFIX + key),
  };
}
