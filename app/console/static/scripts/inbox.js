// The inbox: picking by key and range, and what is new: lines change where they stand, and others wait to be let in.
(() => {
  const { onKey, onPart, say } = throughline;
  const inbox = () => document.getElementById("inbox");
  const picks = () => [...document.querySelectorAll("#inbox .pick")];
  const line = () => document.activeElement?.closest?.("#inbox tbody tr");
  let last = null;

  // Picking
  const count = () => {
    const place = document.querySelector(".bulk-count");
    if (!place) return;
    const all = picks(), picked = all.filter((one) => one.checked).length;
    place.textContent = picked ? place.dataset.words.replace("#", picked) : "";
    const every = document.querySelector(".pick-all");
    every.checked = picked > 0 && picked === all.length;
    every.indeterminate = picked > 0 && picked < all.length;
    if (!picked) for (const one of document.querySelectorAll(".bulk details[open]")) one.open = false;
  };
  const pick = (box, on, far) => {
    const all = picks(), from = all.indexOf(last), to = all.indexOf(box);
    const some = far && from >= 0 ? all.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
    for (const one of some) one.checked = on;
    last = box;
    count();
  };
  const pickAll = (on) => { for (const one of picks()) one.checked = on; count(); };
  document.addEventListener("click", (event) => {
    if (event.target.matches?.("#inbox .pick")) pick(event.target, event.target.checked, event.shiftKey);
    if (event.target.matches?.(".pick-all")) pickAll(event.target.checked);
  });
  document.addEventListener("reset", (event) => { if (event.target.matches(".picking")) setTimeout(count); });
  const pickHere = (far) => {
    const box = line()?.querySelector(".pick");
    if (!box) return false;
    pick(box, far || !box.checked, far);
  };
  onKey("x", () => pickHere(false));
  onKey("X", () => pickHere(true));
  onKey("A", () => picks().length ? pickAll(true) : false);
  onKey("Escape", () => {
    const open = document.querySelector(".bulk details[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); return; }
    if (!picks().some((one) => one.checked)) return false;
    pickAll(false);
  });
  for (const key of "asptqz") onKey(key, () => {
    const sheet = document.querySelector(`.bulk details[data-sheet=${key}]`);
    if (!sheet) return false;
    if (!picks().some((one) => one.checked) && pickHere(false) === false) return false;
    sheet.open = true;
    sheet.querySelector("select, input").focus();
  });
  onKey("c", () => document.querySelector("#inbox [data-claim]")?.click() ?? (inbox() ? undefined : false));

  // What opens over the list
  onPart((root) => {
    if (!root.matches?.("dialog.list-dialog") || root.open) return;
    root.addEventListener("close", () => root.remove());
    root.addEventListener("click", (event) => { if (event.target.matches("[data-close]")) { event.preventDefault(); root.close(); } });
    root.showModal();
  });
  onKey("f", () => document.querySelector("#inbox [data-filter]")?.click() ?? (inbox() ? undefined : false));

  // What is new: asked for once a burst, and no sooner again than the last answer allows
  let due = 0, rest = 0, waiting = null;
  const shown = (root) => [...root.querySelectorAll("tbody tr[id]")];
  const swap = (here, fresh) => {
    const held = here.contains(document.activeElement) ? document.activeElement : null;
    const mine = here.querySelector(".pick"), theirs = fresh.querySelector(".pick");
    if (mine?.checked) { theirs.checked = true; theirs.value = mine.value; } // as it was seen when it was picked
    here.replaceWith(fresh);
    if (held) (held.matches(".pick") ? theirs : fresh.querySelector("a"))?.focus({ preventScroll: true });
  };
  const merge = (fresh) => {
    const now = inbox();
    for (const id of ["lists", "list-count"]) {
      const here = now.querySelector(`#${id}`), there = fresh.querySelector(`#${id}`);
      if (here.contains(document.activeElement)) {
        const counts = [...there.querySelectorAll(".lists-count")];
        here.querySelectorAll(".lists-count").forEach((one, at) => { one.textContent = counts[at]?.textContent ?? ""; });
      } else here.innerHTML = there.innerHTML;
    }
    if ("still" in now.dataset) return;
    const here = shown(now), there = shown(fresh), byId = new Map(there.map((one) => [one.id, one]));
    const known = new Set(here.map((one) => one.id));
    const order = there.map((one) => one.id).join();
    for (const one of here) {
      const other = byId.get(one.id);
      one.classList.toggle("line-gone", !other);
      if (other && other.dataset.mark !== one.dataset.mark) swap(one, other.cloneNode(true));
    }
    const place = now.querySelector(".list-new");
    const more = there.filter((one) => !known.has(one.id)).length;
    const other = more === 0 && order !== here.map((one) => one.id).join();
    waiting = more || other ? fresh : null;
    const said = more > 1 ? place.dataset.many.replace("#", more) : more ? place.dataset.one : other ? place.dataset.other : "";
    if ((place.textContent || "") === said) return;
    place.replaceChildren();
    if (said) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: said });
      button.addEventListener("click", letIn);
      place.append(button);
    }
    if (!here.length && more) letIn();
  };
  const letIn = () => {
    if (!waiting) return false;
    const now = inbox(), picked = new Map(picks().filter((one) => one.checked).map((one) => [one.closest("tr").id, one.value]));
    const at = line()?.id;
    now.replaceWith(waiting);
    waiting = null;
    for (const [id, value] of picked) {
      const box = document.querySelector(`#${id} .pick`);
      if (box) { box.checked = true; box.value = value; }
    }
    htmx.process(inbox());
    count();
    ((at && document.querySelector(`#${at} a`)) || document.querySelector("#inbox tbody a"))?.focus({ preventScroll: !!at });
  };
  onKey("u", letIn);
  const look = async () => {
    due = 0;
    const now = inbox();
    if (!now || document.hidden) { rest = 0; return; }
    const began = performance.now();
    try {
      const answer = await fetch(now.dataset.list, { headers: { "HX-Request": "true" } });
      if (!answer.ok || answer.headers.get("HX-Redirect")) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("inbox");
      if (fresh && inbox() === now) merge(document.importNode(fresh, true));
    } catch { /* the connection is lost: the next change asks again */ }
    rest = Date.now() + Math.max(2000, 20 * (performance.now() - began));
  };
  const ask = () => { if (inbox() && !due) due = setTimeout(look, Math.max(80, rest - Date.now())); };
  document.addEventListener("throughline:change", ask);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });

  // The agent's own, at the side of every page: at the beginning, and now and then when something happens
  let own = 0;
  const lookOwn = async () => {
    own = 0;
    const rail = document.getElementById("rail-mine");
    if (!rail || document.hidden || rail.contains(document.activeElement)) return;
    try {
      const answer = await fetch("/me/rail", { headers: { "HX-Request": "true" } });
      if (!answer.ok || answer.headers.get("HX-Redirect") || rail.contains(document.activeElement)) return;
      rail.innerHTML = await answer.text();
      htmx.process(rail);
      const page = document.querySelector(".list-new[data-own]");
      const now = rail.querySelector("[data-unread]").dataset.unread;
      if (page && +now > +page.dataset.told && !page.firstChild) {
        page.append(Object.assign(document.createElement("a"), { href: page.dataset.href, textContent: page.dataset.words }));
      }
    } catch { /* the next change asks again */ }
  };
  const askOwn = (wait) => { own ||= setTimeout(lookOwn, wait); };
  addEventListener("DOMContentLoaded", () => askOwn(0));
  document.addEventListener("throughline:change", () => askOwn(4000 + 2000 * Math.random()));
  document.addEventListener("click", (event) => {
    const told = event.target.closest?.("a[data-notice]");
    const csrf = told?.closest("li").querySelector("[name=csrf]")?.value;
    if (csrf) navigator.sendBeacon("/notices/read", new URLSearchParams({ csrf, id: told.dataset.notice }));
  });

  // After what somebody did: back to where they were, or to what came of it
  let was = null;
  document.addEventListener("htmx:beforeSwap", (event) => { if (event.target.id === "inbox") was = line()?.id ?? last?.closest("tr")?.id ?? "none"; });
  onPart((root) => {
    if (root.id === "inbox" && was) {
      (document.querySelector(`#${was} a`) ?? document.querySelector("#inbox tbody a") ?? document.querySelector("#inbox h1"))?.focus?.();
      say(document.querySelector("#outcome p")?.textContent ?? "");
      was = null; waiting = null; last = null;
    }
    count();
  });
})();
