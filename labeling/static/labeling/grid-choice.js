// What is chosen in the grid: kept while one goes from page to page and filter to filter, in this tab alone.

/** Keeps numbers of items, and whether everything that a filter finds is chosen, under a name of the tab's memory. */
export function keepChoice(name, filter) {
  const here = JSON.stringify(filter);
  let items = new Set();
  let all = false;

  function read() {
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(name));
    } catch {
      // Somebody wrote into it: nothing is chosen.
    }
    items = new Set(Array.isArray(kept?.items) ? kept.items.filter(Number.isSafeInteger) : []);
    // Another filter finds other items, so that all of it was never meant.
    all = kept?.all === here;
  }

  function write() {
    if (!items.size && !all) return sessionStorage.removeItem(name);
    try {
      sessionStorage.setItem(name, JSON.stringify({ items: [...items], all: all ? here : null }));
    } catch {
      // The memory is full or shut: what is chosen belongs to this page alone.
    }
  }

  read();
  return {
    read,
    has: (item) => items.has(item),
    get size() {
      return items.size;
    },
    get all() {
      return all;
    },
    numbers: () => [...items].sort((left, right) => left - right),
    /** Chooses and unchooses items; everything that matches is not chosen any more. */
    change(wanted, unwanted) {
      for (const item of unwanted) items.delete(item);
      for (const item of wanted) items.add(item);
      all = false;
      write();
    },
    takeAll() {
      all = true;
      write();
    },
    clear() {
      items.clear();
      all = false;
      write();
    },
  };
}

/** Writes rising numbers as 1-5,9, as the address has them. */
export function rangesOf(numbers) {
  const ranges = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}
