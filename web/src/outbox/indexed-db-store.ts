/** Entries in IndexedDB, which survives a closed tab and is shared by all tabs. */
import type { Sendable } from "../wire";
import { byAge, type Entry, type EntryStore } from "./entry";

const DATABASE = "assay-labeling";
const STORE = "outbox";

function open(factory: IDBFactory): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" }).createIndex("scope", "scope");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB can't be opened"));
    request.onblocked = () => reject(new Error("IndexedDB is blocked by another tab"));
  });
}

export async function openIndexedDbStore<S extends Sendable>(factory: IDBFactory): Promise<EntryStore<S>> {
  const database = await open(factory);
  // A newer page in another tab may need to change the layout.
  database.onversionchange = () => database.close();

  function run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error("IndexedDB gave up"));
    });
  }

  return {
    all: async (scope) => (await run<Entry<S>[]>("readonly", (store) => store.index("scope").getAll(scope))).sort(byAge),
    put: async (entry) => void (await run("readwrite", (store) => store.put(entry))),
    remove: async (key) => void (await run("readwrite", (store) => store.delete(key))),
  };
}
