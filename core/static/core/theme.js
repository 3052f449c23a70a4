// The page frame: light and dark, menus that close, toasts that leave. Everything else works without this file.

import { leave } from "./toast.js";

const YEAR = 365 * 24 * 3600;

function currentTheme() {
  return document.documentElement.dataset.theme || "";
}

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `assay_theme=${theme}; Path=/; Max-Age=${theme ? YEAR : 0}; SameSite=Lax${secure}`;
  markTheme();
}

function markTheme() {
  for (const button of document.querySelectorAll("[data-theme-value]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeValue === currentTheme()));
  }
}

for (const choice of document.querySelectorAll("[data-theme-choice]")) choice.hidden = false;
markTheme();
document.querySelectorAll(".toast").forEach(leave);

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : document.body;
  const theme = target.closest("[data-theme-value]");
  if (theme) setTheme(theme.dataset.themeValue);
  target.closest("[data-close-toast]")?.closest(".toast").remove();
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    const hadFocus = menu.contains(document.activeElement);
    menu.open = false;
    if (hadFocus) menu.querySelector("summary").focus();
  }
});

// A menu that the focus has left closes behind it.
document.addEventListener("focusout", (event) => {
  const menu = event.target.closest?.("details.menu[open]");
  if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
});
