// Keys of the pair review: each button and link names its own.

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, summary")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const wanted = [...document.querySelectorAll("[data-key]")].find((element) => element.dataset.key === key);
  if (!wanted) return;
  event.preventDefault();
  wanted.click();
});
document.getElementById("pair")?.setAttribute("data-keys", "");
