// The sample by key: a digit says how many were missed, the arrows walk. Without this script the buttons do the same.

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || document.querySelector("dialog[open]")) return;
  const form = document.getElementById("recall-form");
  if (!form || event.target.matches("input:not([type=hidden]), textarea, select")) return;
  const links = { ArrowLeft: "recall-previous", ArrowRight: "recall-next" };
  const button = /^[0-9]$/.test(event.key) ? form.querySelector(`[name=missed][value="${event.key}"]`) : null;
  const target = button ?? document.getElementById(links[event.key] ?? "");
  if (!target) return;
  event.preventDefault();
  target.click();
});
