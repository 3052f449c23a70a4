// Keys of the explorer: / searches, j and k or the arrows move between items, Enter opens, Escape goes back.

const rows = [...document.querySelectorAll(".items tbody tr, .items-grid > li")];
const search = document.querySelector("[data-search]");
const back = document.querySelector("[data-back]");
let here = -1;

const typing = (element) => Boolean(element?.closest("input, textarea, select, [contenteditable], dialog, summary"));
const link = (row) => row.querySelector("th a, :scope > a");
// In a grid, up and down go by as many items as stand in a line.
const line = () => {
  if (!rows[0]?.matches("li")) return 1;
  const top = rows[0].offsetTop;
  const below = rows.findIndex((row) => row.offsetTop !== top);
  return below < 0 ? rows.length : below;
};
const step = (event, by) => {
  if (here < 0) return go(0);
  const wide = event.key.startsWith("Arrow") && !/Left|Right/.test(event.key);
  return go(here + by * (wide ? line() : 1));
};

function go(place) {
  if (!rows.length) return;
  rows[here]?.removeAttribute("data-here");
  here = Math.max(0, Math.min(place, rows.length - 1));
  rows[here].setAttribute("data-here", "");
  // The focus moves too, so that a screen reader says where one is and Enter follows the link by itself.
  link(rows[here])?.focus({ preventScroll: true });
  rows[here].scrollIntoView({ block: "nearest" });
}

function leave() {
  // Back to the very page and place in the list when that is where the reader came from.
  const came = document.referrer && new URL(document.referrer).pathname;
  if (came && came !== location.pathname && new URL(document.referrer).origin === location.origin) history.back();
  else location.assign(back.dataset.back);
}

const KEYS = {
  "/": () => search?.focus(),
  j: (event) => step(event, 1),
  ArrowDown: (event) => step(event, 1),
  k: (event) => step(event, -1),
  ArrowUp: (event) => step(event, -1),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape") {
    if (event.target === search) search.blur();
    else if (back && !typing(event.target)) leave();
    return;
  }
  if (typing(event.target)) return;
  if (/^Arrow(Left|Right)$/.test(event.key) && rows[0]?.matches("li")) {
    event.preventDefault();
    step(event, event.key === "ArrowRight" ? 1 : -1);
    return;
  }
  if (event.key === "/" ? !search : !rows.length) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act(event);
});

for (const row of rows) {
  row.addEventListener("focusin", () => {
    rows[here]?.removeAttribute("data-here");
    here = rows.indexOf(row);
    row.setAttribute("data-here", "");
  });
}
