// The inbox: picking by key and range, and what is new: lines change where they stand, others wait to be let in.
(() => {
  const { all, find, on, onKey, onPart, part, say } = throughline;
  const inbox = () => find("#inbox");
  const picks = () => all("#inbox .pick");
  const picked = () => picks().filter((one) => one.checked);
  const line = () => document.activeElement?.closest("#inbox tbody tr");
  let last = null, waiting = null, was = null, due = 0, rest = 0;

  const count = () => {
    const place = find(".bulk-count"), every = find(".pick-all"), n = picked().length;
    if (!place) return;
    const checked = n > 0 && n === picks().length;
    place.textContent = n ? place.dataset.words.replace("#", n) : "";
    Object.assign(every, { checked, indeterminate: n > 0 && !checked });
    for (const one of n ? [] : all(".bulk details[open]")) one.open = false;
  };
  const pick = (boxes, on) => { for (const one of boxes) one.checked = on; count(); };
  const pickTo = (box, on, far) => {
    const some = picks(), [from, to] = [some.indexOf(last), some.indexOf(box)].sort((a, b) => a - b);
    pick(far && from >= 0 ? some.slice(from, to + 1) : [box], on);
    last = box;
  };
  const pickHere = (far) => {
    const box = line()?.querySelector(".pick");
    return box ? pickTo(box, far || !box.checked, far) : false;
  };
  onKey("x", () => pickHere(false));
  onKey("X", () => pickHere(true));
  onKey("A", () => picks().length ? pick(picks(), true) : false);
  onKey("Escape", () => {
    const open = find(".bulk details[open] summary");
    if (!open) return picked().length ? pick(picks(), false) : false;
    open.click();
    open.focus();
  });
  for (const key of "aosputz") onKey(key, () => {
    const sheet = find(`.bulk [data-sheet~=${key}]`);
    if (!sheet || (!picked().length && pickHere(false) === false)) return false;
    sheet.open = true;
    find("select, input", sheet).focus();
  });
  on("click", ({ target, shiftKey }) => {
    if (target.matches("#inbox .pick")) pickTo(target, target.checked, shiftKey);
    if (target.matches(".pick-all")) pick(picks(), target.checked);
    if (target.matches("#inbox .list-new button")) waiting ? replace(inbox(), waiting) : look();
    const told = target.closest("a[data-notice]");
    if (told) part("/notices/read", new URLSearchParams({ id: told.dataset.notice }), { keepalive: true });
  });
  on("reset", () => setTimeout(count));

  // What comes in anew keeps the focus, what was picked, and as what it was picked.
  const replace = (here, fresh) => {
    const at = line()?.id, what = document.activeElement.matches(".pick") ? ".pick" : "a", isIn = here.contains(document.activeElement);
    for (const one of all(".pick:checked", here)) {
      const box = find(`#${one.closest("tr").id} .pick`, fresh);
      if (box) Object.assign(box, { checked: true, value: one.value });
    }
    if (fresh === waiting) waiting = null;
    here.replaceWith(fresh);
    htmx.process(fresh);
    count();
    if (isIn) (find(`#${at} ${what}`) ?? find("#inbox tbody a"))?.focus({ preventScroll: Boolean(at) });
  };
  const merge = (fresh) => {
    const now = inbox(), here = all("tbody tr", now), rows = new Map(all("tbody tr", fresh).map((one) => [one.id, one]));
    for (const one of all("#list-count, #lists", now)) if (!one.contains(document.activeElement)) one.innerHTML = find(`#${one.id}`, fresh).innerHTML;
    if ("still" in now.dataset) return;
    for (const one of here) {
      const other = rows.get(one.id);
      one.classList.toggle("line-gone", !other);
      if (other && other.dataset.mark !== one.dataset.mark) replace(one, other.cloneNode(true));
    }
    const known = here.map((one) => one.id), ids = [...rows.keys()], more = ids.filter((id) => !known.includes(id)).length;
    const button = find(".list-new button", now), { one, many, other } = button.dataset;
    if (!known.length && more) { replace(now, fresh); return; }
    waiting = fresh;
    button.hidden = known.join() === ids.join();
    button.textContent = more > 1 ? many.replace("#", more) : more ? one : other;
  };

  // Asked for once a burst, and the sooner again the quicker the answer came; not while the page is hidden.
  const look = async () => {
    due = 0;
    const now = inbox(), began = Date.now();
    if (!now || document.hidden) return;
    const { ok, html } = await part(now.dataset.list), fresh = ok && find("#inbox", new DOMParser().parseFromString(html, "text/html"));
    rest = Date.now() + Math.max(2000, 20 * (Date.now() - began));
    if (!fresh || inbox() !== now) return;
    if ("old" in fresh.dataset) ask();
    merge(document.importNode(fresh, true));
  };
  const ask = (soon = 80) => { due ||= setTimeout(look, Math.max(soon, rest - Date.now())); };
  on("visibilitychange", () => ask());
  on("throughline:change", () => { ask(); askOwn(4000 + 2000 * Math.random()); });

  // The agent's own, in the rail of every page.
  let own = 0;
  const lookOwn = async () => {
    own = 0;
    const rail = find("#rail-mine"), news = find("[data-told-unread]");
    const isBusy = () => !rail || document.hidden || rail.contains(document.activeElement);
    const { ok, html } = isBusy() ? {} : await part("/me/rail");
    if (!ok || isBusy()) return;
    rail.innerHTML = html;
    htmx.process(rail);
    if (news) news.hidden = +find("[data-unread]").dataset.unread <= +news.dataset.toldUnread;
  };
  const askOwn = (soon) => { own ||= setTimeout(lookOwn, soon); };

  // After what somebody did: back to the line, and what came of it is said.
  on("htmx:beforeSwap", ({ target }) => {
    if (target.id === "inbox") was = line()?.id ?? last?.closest("tr")?.id ?? "none";
  });
  for (const name of ["htmx:sendError", "htmx:responseError"]) document.addEventListener(name, ({ target }) => {
    const button = target.closest("#inbox") && find("#inbox .list-new button");
    if (button) Object.assign(button, { hidden: false, textContent: button.dataset.lost });
  });
  onPart((root) => {
    if (root.id === "inbox" && was) {
      (find(`#${was} a`) ?? find("#inbox tbody a"))?.focus();
      say(find("#outcome p")?.textContent ?? "");
      was = waiting = last = null;
    }
    count();
  });
  askOwn(0);
  if (find("#inbox[data-old]")) ask(1200);
})();
