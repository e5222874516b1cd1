// What every script may use: `throughline`. Pages work without any of it; nothing here decides anything.
"use strict";

const throughline = (() => {
  const kept = {
    read(name) { try { return localStorage.getItem(name); } catch { return null; } },
    write(name, text) { try { text ? localStorage.setItem(name, text) : localStorage.removeItem(name); } catch { /* private window */ } },
  };

  // Every part of a page that comes in, the first time and after each swap.
  const parts = [];
  const onPart = (begin) => parts.push(begin);
  const begin = (root) => { for (const one of parts) one(root); };
  addEventListener("DOMContentLoaded", () => begin(document));
  document.addEventListener("htmx:load", (event) => { if (event.target !== document.body) begin(event.target); });

  // Said to whoever looks, and to whoever listens to the page.
  const say = (words) => {
    const place = document.querySelector("#said");
    if (place) { place.textContent = ""; requestAnimationFrame(() => { place.textContent = words; }); }
  };

  // Keys: one or two signs ("r", "g i"); not while somebody types, nor behind a dialog.
  // Of several that take a key the last one that is there does it: one that is not on this page says false.
  const keys = new Map();
  const onKey = (name, act) => keys.set(name, [act, ...(keys.get(name) ?? [])]);
  const press = (acts, event) => acts.some((act) => act(event) !== false);
  const typing = (target) => target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  let before = "";
  addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.target.form?.requestSubmit(); return; }
    if (event.key === "Escape" && typing(event.target) && !event.target.closest("dialog")) { event.target.blur(); return; }
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault(); press(keys.get("/") ?? [], event); return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    const acts = keys.get(`${before} ${event.key}`) ?? keys.get(event.key);
    before = event.key === "g" ? "g" : "";
    if (acts && press(acts, event)) event.preventDefault();
  });

  return { kept, onPart, onKey, say };
})();
