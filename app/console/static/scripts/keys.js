// Keys that every page has: from item to item, and the sheet of keys.
(() => {
  const { all, find, onKey } = throughline;
  const step = (by) => {
    const some = all(".item:not(.item-change), .rows tbody tr, [data-row]"), at = some.findIndex((one) => one.contains(document.activeElement));
    const next = at < 0 ? some.at(by > 0 ? 0 : -1) : some[at + by] ?? some[at];
    if (!next) return;
    const target = find("a", next) ?? next;
    if (target === next) next.tabIndex = -1;
    target.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  onKey("j", () => step(1));
  onKey("k", () => step(-1));
  onKey("?", () => {
    for (const one of all(".keys [data-where]")) one.hidden = !find(one.dataset.where);
    find(".keys")?.showModal();
  });
})();
