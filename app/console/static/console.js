// Keys, drafts and what is new. Pages work without it; nothing here decides anything.
"use strict";

(() => {
  const keep = {
    read(name) { try { return localStorage.getItem(name); } catch { return null; } },
    write(name, text) { try { text ? localStorage.setItem(name, text) : localStorage.removeItem(name); } catch { /* private window */ } },
  };

  // Drafts: what is typed survives a reload, and goes when it was sent.
  const drafts = () => {
    for (const form of document.querySelectorAll("form[data-draft]")) {
      const area = form.querySelector("textarea");
      const name = `draft:${form.dataset.draft}`;
      if (!area.value) area.value = keep.read(name) ?? "";
      area.addEventListener("input", () => keep.write(name, area.value));
      form.addEventListener("submit", (event) => {
        if (form.dataset.sent) { event.preventDefault(); return; }
        form.dataset.sent = "yes";
        keep.write(name, "");
      });
    }
  };
  // A page that comes back out of the browser's memory may be sent again.
  addEventListener("pageshow", () => { for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent; });

  // Keys
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
  const items = () => [...document.querySelectorAll(".item:not(.item-change), .rows tbody tr")];
  const step = (by) => {
    const all = items();
    const at = all.findIndex((one) => one.contains(document.activeElement) || one === document.activeElement);
    const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by))];
    if (!next) return;
    const target = next.querySelector("a") ?? next;
    if (target === next) next.tabIndex = -1;
    target.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const say = (kind) => {
    const choice = document.querySelector(`.composer [value="${kind}"]`);
    if (!choice) return;
    choice.checked = true;
    document.querySelector(".composer textarea").focus();
  };
  const go = (path) => { location.href = path; };
  const keys = {
    j: () => step(1), k: () => step(-1), r: () => say("reply"), n: () => say("note"),
    "g i": () => go("/"), "g c": () => go("/customers"), "?": () => document.querySelector(".keys")?.showModal(),
    "/": () => document.querySelector("[data-search]")?.focus(),
  };
  let before = "";
  addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.target.form?.requestSubmit(); return; }
    if (event.key === "Escape" && typing(event.target)) { event.target.blur(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    const act = keys[`${before} ${event.key}`] ?? keys[event.key];
    before = event.key === "g" ? "g" : "";
    if (act) { event.preventDefault(); act(); }
  });

  // What is new: a hint, and the page asks for the part that may have changed. Hints that are lost or doubled cost a look.
  const live = () => {
    const thread = document.querySelector("#thread[data-live]");
    if (!thread || location.search.includes("before=") || location.search.includes("after=")) return;
    const customer = thread.dataset.customer;
    const stream = new EventSource(`/live?after=${encodeURIComponent(thread.dataset.live)}`);
    let due = 0;
    stream.addEventListener("change", (event) => {
      if (JSON.parse(event.data).customer_id !== customer || due) return;
      due = setTimeout(() => { due = 0; htmx.ajax("GET", `/customers/${customer}`, { target: "#thread", swap: "outerHTML" }); }, 60);
    });
    addEventListener("pagehide", () => stream.close());
  };

  addEventListener("DOMContentLoaded", () => { drafts(); live(); });
})();
