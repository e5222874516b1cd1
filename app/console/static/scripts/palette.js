// Find and do, on "/" and Ctrl K: what is found comes from the server; what can be done is what the page shows itself,
// anything visible with `data-action`. The field keeps the focus; arrows choose, Enter opens, Esc gives the focus back.
(() => {
  const { onKey } = throughline;
  let box, field, list, doing, chosen = null, acts = [];
  const options = () => [...list.querySelectorAll('[role="option"]')].filter((one) => !one.closest("[hidden]"));
  const choose = (one) => {
    for (const other of list.querySelectorAll('[aria-selected="true"]')) other.setAttribute("aria-selected", "false");
    chosen = one?.id ?? null;
    field.toggleAttribute("aria-activedescendant", !!one);
    if (!one) return;
    one.setAttribute("aria-selected", "true");
    field.setAttribute("aria-activedescendant", one.id);
    one.scrollIntoView({ block: "nearest" });
  };
  const again = () => choose((chosen && options().find((one) => one.id === chosen)) || options()[0]);
  const fits = (words, typed) => typed.every((part) => words.some((word) => word.startsWith(part)));
  const offer = () => {
    const typed = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = acts.filter((one) => fits(one.dataset.action.toLowerCase().split(/\s+/), typed)).slice(0, typed.length ? 6 : 12);
    doing.replaceChildren(...found.map((act, at) => {
      const option = document.createElement("div");
      Object.assign(option, { id: `act-${at}`, textContent: act.dataset.action });
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.addEventListener("click", () => run(act));
      return option;
    }));
    doing.hidden = !found.length;
    field.setAttribute("aria-expanded", "true");
  };
  const run = (act) => {
    box.close();
    if (act.matches("input:not([type=checkbox], [type=radio], [type=submit]), select, textarea")) act.focus();
    else act.click();
  };
  const open = () => {
    if (!box || box.open) { field?.select(); return; }
    if (document.querySelector("dialog[open]")) return;
    acts = [...document.querySelectorAll("[data-action]")].filter((one) => !one.disabled && one.checkVisibility())
      .sort((a, b) => !!a.closest(".rail") - !!b.closest(".rail"));
    box.showModal();
    field.select();
    offer();
    again();
  };
  addEventListener("DOMContentLoaded", () => {
    box = document.querySelector("#palette");
    if (!box) return;
    [field, list, doing] = ["#palette-q", "#palette-found", "#palette-actions"].map((one) => box.querySelector(one));
    document.querySelector("[data-palette]")?.addEventListener("click", (event) => {
      if (!event.ctrlKey && !event.metaKey) { event.preventDefault(); open(); }
    });
    field.addEventListener("input", () => { chosen = null; offer(); again(); });
    list.addEventListener("htmx:afterSwap", again);
    list.addEventListener("htmx:afterSettle", again);
    field.addEventListener("keydown", (event) => {
      const all = options(), at = all.findIndex((one) => one.id === chosen);
      const to = { ArrowDown: at + 1, ArrowUp: at - 1 + (at < 1 ? all.length : 0), Home: event.ctrlKey ? 0 : null, End: event.ctrlKey ? all.length - 1 : null }[event.key];
      if (to != null && all.length) { event.preventDefault(); choose(all[to % all.length]); }
      if (event.key === "Enter" && at >= 0) { event.preventDefault(); event.stopPropagation(); all[at].click(); }
    });
    box.addEventListener("close", () => { field.setAttribute("aria-expanded", "false"); });
    box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
  });
  onKey("/", open);
})();
