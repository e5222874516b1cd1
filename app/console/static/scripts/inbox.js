// The inbox: picking by key and range, and what is new: lines change where they stand, others wait to be let in.
(() => {
  const { onKey, onPart, say } = throughline;
  const find = (what, root = document) => root.querySelector(what);
  const all = (what, root = document) => [...root.querySelectorAll(what)];
  const inbox = () => document.getElementById("inbox");
  const picks = () => all("#inbox .pick");
  const picked = () => picks().filter((one) => one.checked);
  const line = () => document.activeElement?.closest?.("#inbox tbody tr");
  let last = null, waiting = null, was = null;

  const count = () => {
    const place = find(".bulk-count"), every = find(".pick-all"), n = picked().length;
    if (!place) return;
    place.textContent = n ? place.dataset.words.replace("#", n) : "";
    every.checked = n > 0 && n === picks().length;
    every.indeterminate = n > 0 && !every.checked;
    if (!n) for (const one of all(".bulk details[open]")) one.open = false;
  };
  const pick = (box, on, far) => {
    const some = picks(), from = some.indexOf(last), to = some.indexOf(box);
    for (const one of far && from >= 0 ? some.slice(Math.min(from, to), Math.max(from, to) + 1) : [box]) one.checked = on;
    last = box;
    count();
  };
  const pickAll = (on) => { for (const one of picks()) one.checked = on; count(); };
  const pickHere = (far) => {
    const box = find(".pick", line() ?? document.createElement("p"));
    if (!box) return false;
    pick(box, far || !box.checked, far);
  };
  const press = (what) => inbox() ? void find(what, inbox())?.click() : false;
  onKey("x", () => pickHere(false));
  onKey("X", () => pickHere(true));
  onKey("A", () => picks().length ? pickAll(true) : false);
  onKey("c", () => press("[data-claim]"));
  onKey("f", () => press("[data-filter]"));
  onKey("Escape", () => {
    const open = find(".bulk details[open]");
    if (!open) return picked().length ? pickAll(false) : false;
    open.open = false;
    find("summary", open).focus();
  });
  for (const key of "aosputz") onKey(key, () => {
    const sheet = find(`.bulk [data-sheet~=${key}]`);
    if (!sheet || (!picked().length && pickHere(false) === false)) return false;
    sheet.open = true;
    find("select, input", sheet).focus();
  });
  document.addEventListener("click", ({ target, shiftKey }) => {
    if (target.matches?.("#inbox .pick")) pick(target, target.checked, shiftKey);
    if (target.matches?.(".pick-all")) pickAll(target.checked);
    const told = target.closest?.("a[data-notice]"), csrf = told && find("[name=csrf]", told.closest("li"))?.value;
    if (csrf) navigator.sendBeacon("/notices/read", new URLSearchParams({ csrf, id: told.dataset.notice }));
  });
  document.addEventListener("reset", () => setTimeout(count));

  // A line that is another by now keeps its place, the focus, and what it was when it was picked.
  const renew = (here, fresh) => {
    const held = here.contains(document.activeElement) && document.activeElement;
    keep(fresh, find(".pick:checked", here)?.value);
    here.replaceWith(fresh);
    if (held) find(held.matches(".pick") ? ".pick" : "a", fresh).focus({ preventScroll: true });
  };
  const keep = (row, value) => {
    const box = value && row && find(".pick", row);
    if (box) { box.checked = true; box.value = value; }
  };
  const merge = (fresh) => {
    const now = inbox(), there = new Map(all("tbody tr", fresh).map((one) => [one.id, one]));
    find("#list-count", now).textContent = find("#list-count", fresh).textContent;
    const told = all(".lists-count", fresh), places = all(".lists-count", now);
    if (told.length === places.length) places.forEach((one, at) => { one.textContent = told[at].textContent; });
    if ("still" in now.dataset) return;
    const here = all("tbody tr", now), known = here.map((one) => one.id);
    for (const one of here) {
      const other = there.get(one.id);
      one.classList.toggle("line-gone", !other);
      if (other && other.dataset.mark !== one.dataset.mark) renew(one, other.cloneNode(true));
    }
    const more = [...there.keys()].filter((id) => !known.includes(id)).length;
    const place = find(".list-new", now), { one, many, other } = place.dataset;
    const words = more > 1 ? many.replace("#", more) : more ? one : known.join() === [...there.keys()].join() ? "" : other;
    waiting = words ? fresh : null;
    if (!here.length && more) return letIn();
    if (place.textContent === words) return;
    place.replaceChildren();
    if (!words) return;
    place.append(Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: words, onclick: letIn }));
  };
  const letIn = () => {
    if (!waiting) return false;
    const marked = picked().map((one) => [one.closest("tr").id, one.value]), at = line()?.id;
    inbox().replaceWith(waiting);
    waiting = null;
    for (const [id, value] of marked) keep(document.getElementById(id), value);
    htmx.process(inbox());
    count();
    (find(`#${at} a`) ?? find("#inbox tbody a"))?.focus({ preventScroll: Boolean(at) });
  };
  onKey("i", letIn);

  // Asked for once a burst, and the sooner again the quicker the answer came; not while the page is hidden.
  const part = async (path) => {
    const answer = await fetch(path, { headers: { "HX-Request": "true" } }).catch(() => null);
    return answer?.ok && !answer.headers.get("HX-Redirect") ? answer.text() : "";
  };
  let due = 0, rest = 0, own = 0;
  const look = async () => {
    due = 0;
    const now = inbox(), began = Date.now();
    if (!now || document.hidden) return;
    const html = await part(now.dataset.list), fresh = find("#inbox", new DOMParser().parseFromString(html, "text/html"));
    rest = Date.now() + Math.max(2000, 20 * (Date.now() - began));
    if (!fresh || inbox() !== now) return;
    if ("old" in fresh.dataset) ask();
    merge(document.importNode(fresh, true));
  };
  const ask = () => { if (inbox()) due ||= setTimeout(look, Math.max(80, rest - Date.now())); };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });

  // The agent's own, in the rail of every page.
  const lookOwn = async () => {
    own = 0;
    const rail = document.getElementById("rail-mine");
    if (!rail || document.hidden || rail.contains(document.activeElement)) return;
    const html = await part("/me/rail"), page = find(".list-new[data-own]");
    if (!html || rail.contains(document.activeElement)) return;
    rail.innerHTML = html;
    htmx.process(rail);
    if (page && !page.firstChild && +find("[data-unread]", rail).dataset.unread > +page.dataset.told) {
      page.append(Object.assign(document.createElement("a"), { href: page.dataset.href, textContent: page.dataset.words }));
    }
  };
  const askOwn = (wait) => { own ||= setTimeout(lookOwn, wait); };
  addEventListener("DOMContentLoaded", () => { askOwn(0); rest = Date.now() + 1200; if ("old" in (inbox()?.dataset ?? {})) ask(); else rest = 0; });
  document.addEventListener("throughline:change", () => { ask(); askOwn(4000 + 2000 * Math.random()); });

  // After what somebody did: back to the line, and what came of it is said. What opens over the list is a dialog.
  document.addEventListener("htmx:beforeSwap", ({ target }) => {
    if (target.id === "inbox") was = line()?.id ?? last?.closest("tr")?.id ?? "none";
  });
  for (const name of ["htmx:sendError", "htmx:responseError"]) document.addEventListener(name, ({ target }) => {
    const place = target.closest?.("#inbox") && find("#inbox .list-new");
    if (place) place.textContent = place.dataset.lost;
  });
  addEventListener("pageshow", (event) => { if (event.persisted && inbox()) location.reload(); });
  onPart((root) => {
    if (root.id === "inbox" && was) {
      (find(`#${was} a`) ?? find("#inbox tbody a"))?.focus();
      say(find("#outcome p")?.textContent ?? "");
      was = waiting = last = null;
    }
    if (root.matches?.("dialog.list-dialog") && !root.open) {
      root.addEventListener("close", () => root.remove());
      root.addEventListener("click", (event) => { if (event.target.matches("[data-close]")) { event.preventDefault(); root.close(); } });
      root.showModal();
    }
    count();
  });
})();
