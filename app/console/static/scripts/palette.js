// Find and do, on "/" and Ctrl K: what is found comes from the server; what can be done is what the page shows itself,
// anything visible with `data-action`. The field keeps the focus; arrows choose, Enter opens, Esc gives the focus back.
(() => {
  const { all, find, isOffered, onKey } = throughline;
  const [box, field, list, doing] = ["#palette", "#palette-q", "#palette-found", "#palette-actions"].map((one) => find(one));
  let chosen = "", acts = [];
  if (!box) return;
  const options = () => all('[role="option"]', list).filter((one) => !one.closest("[hidden]"));
  const choose = (one) => {
    for (const other of options()) other.ariaSelected = String(other === one);
    chosen = one?.id ?? "";
    field.setAttribute("aria-activedescendant", chosen);
    one?.scrollIntoView({ block: "nearest" });
  };
  const again = () => choose(options().find((one) => one.id === chosen) ?? options()[0]);
  const run = (act) => {
    box.close();
    act.matches("input:not([type=checkbox], [type=radio], [type=submit]), select, textarea") ? act.focus() : act.click();
  };
  const offer = () => {
    const wordsOf = (text) => text.toLowerCase().split(/\s+/).filter(Boolean), typed = wordsOf(field.value);
    const fits = (act) => typed.every((part) => wordsOf(act.dataset.action).some((word) => word.startsWith(part)));
    const found = acts.filter(fits).slice(0, typed.length ? 6 : 12);
    doing.hidden = !found.length;
    doing.replaceChildren(...found.map((act, at) => {
      const said = { id: `act-${at}`, role: "option", ariaSelected: "false", textContent: act.dataset.action };
      return Object.assign(document.createElement("div"), said, { onclick: () => run(act) });
    }));
    again();
  };
  const open = () => {
    acts = all("[data-action]").filter(isOffered)
      .sort((a, b) => !!a.closest(".rail") - !!b.closest(".rail"));
    if (!find("dialog[open]")) box.showModal();
    if (!box.open) return;
    field.select();
    offer();
  };
  onKey("/", open);
  find("[data-palette]")?.addEventListener("click", (event) => {
    if (!event.ctrlKey && !event.metaKey) { event.preventDefault(); open(); }
  });
  box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
  field.addEventListener("input", () => { chosen = ""; offer(); });
  list.addEventListener("htmx:afterSettle", again);
  field.addEventListener("keydown", (event) => {
    const some = options(), at = some.findIndex((one) => one.id === chosen), isEdge = event.ctrlKey;
    const to = { ArrowDown: at + 1, ArrowUp: at < 1 ? -1 : at - 1, Home: isEdge ? 0 : null, End: isEdge ? -1 : null }[event.key];
    if (to != null && some.length) { event.preventDefault(); choose(some[to] ?? some.at(to < 0 ? -1 : 0)); }
    if (event.key === "Enter" && at >= 0) { event.preventDefault(); event.stopPropagation(); some[at].click(); }
  });
})();
