// What every script may use: `throughline`. Pages work without any of it; nothing here decides anything.
"use strict";

const throughline = (() => {
  const find = (what, root = document) => root.querySelector(what);
  const all = (what, root = document) => [...root.querySelectorAll(what)];

  const on = (names, act, first) => { for (const name of names.split(" ")) document.addEventListener(name, act, first); };

  // What this browser keeps for a fortnight.
  const kept = {
    read(name) { try { return JSON.parse(localStorage.getItem(name)) ?? {}; } catch { return {}; } },
    write(name, what) {
      try { what ? localStorage.setItem(name, JSON.stringify({ ...what, at: Date.now() })) : localStorage.removeItem(name); } catch { /* private window */ }
    },
    names(prefix) { try { return Object.keys(localStorage).filter((name) => name.startsWith(prefix)); } catch { return []; } },
  };
  for (const name of kept.names("draft:")) if (!(kept.read(name).at > Date.now() - 14 * 864e5)) kept.write(name, null);

  // A part of a page, or what became of a form: without an answer the status is 0, without a session 401.
  const part = async (path, body, more) => {
    const headers = { "HX-Request": "true", ...JSON.parse(document.body.getAttribute("hx-headers")) };
    try {
      const answer = await fetch(path, { method: body ? "POST" : "GET", body, headers, ...more });
      if (answer.headers.get("HX-Redirect")) return { ok: false, status: 401, html: "" };
      return { ok: answer.ok, status: answer.status, html: await answer.text() };
    } catch { return { ok: false, status: 0, html: "" }; }
  };
  const wordsOf = (html) => new DOMParser().parseFromString(html, "text/html").body.innerText.trim();
  // A page that comes back out of the browser's memory is one of the past.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // Every part of a page that comes in, the first time and after each swap.
  const parts = [];
  const onPart = (begin) => parts.push(begin);
  const begin = (root) => { for (const one of parts) one(root); };
  on("DOMContentLoaded", () => begin(document));
  on("htmx:load", (event) => { if (event.target !== document.body) begin(event.target); });

  // Said to whoever looks, and to whoever listens to the page.
  const say = (words) => {
    const place = document.querySelector("#said");
    if (place) { place.textContent = ""; requestAnimationFrame(() => { place.textContent = words; }); }
  };

  // Keys: one or two signs ("r", "g i"); not while somebody types, nor behind a dialog. Of several that take a key the
  // last one that is there does it (one that is not says false); else what says `aria-keyshortcuts` is clicked.
  const isOffered = (one) => !one.disabled && (one.checkVisibility() || one.closest("[popover]"));
  const keys = new Map();
  const onKey = (name, act) => keys.set(name, [act, ...(keys.get(name) ?? [])]);
  const press = (name, event) => {
    if (keys.get(name)?.some((act) => act(event) !== false)) return true;
    const shown = all(`[aria-keyshortcuts="${CSS.escape(name)}"]`).find(isOffered);
    if (shown) htmx.process(shown);  // a part that came in this moment is not htmx's yet
    shown?.click();
    return !!shown;
  };
  const typing = (target) => target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  let before = "";
  on("keydown", (event) => {
    const { key, target, ctrlKey, metaKey, altKey } = event, isCommand = ctrlKey || metaKey;
    if (key === "Enter" && isCommand) { target.form?.requestSubmit(); return; }
    if (key === "Escape" && typing(target) && !target.closest("dialog")) { target.blur(); return; }
    if (isCommand && key.toLowerCase() === "k") { event.preventDefault(); press("/", event); return; }
    if (isCommand || altKey || typing(target) || find("dialog[open]")) return;
    const names = [`${before} ${key}`, key];
    before = key === "g" ? "g" : "";
    if (names.some((name) => press(name, event))) event.preventDefault();
  });

  // In a line at the foot of the page: what was lost, or came back.
  const tell = (what) => { find("#lost").innerHTML = what && find(`#lost-${what}`).innerHTML; };

  return { all, find, isOffered, kept, on, onKey, onPart, part, say, tell, wordsOf };
})();
