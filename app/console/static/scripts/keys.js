// Keys that every page has: from item to item, to the places, to the sheet of keys.
(() => {
  const { onKey } = throughline;
  const items = () => [...document.querySelectorAll(".item:not(.item-change), .rows tbody tr, [data-row]")];
  const step = (by) => {
    const all = items();
    const at = all.findIndex((one) => one.contains(document.activeElement));
    const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by))];
    if (!next) return;
    const target = next.querySelector("a") ?? next;
    if (target === next) next.tabIndex = -1;
    target.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  onKey("j", () => step(1));
  onKey("k", () => step(-1));
  for (const [key, path] of [["g i", "/"], ["g c", "/customers"], ["g m", "/suggestions"], ["g n", "/numbers"], ["g s", "/settings"]]) {
    onKey(key, () => { location.href = path; });
  }
  onKey("?", () => document.querySelector(".keys")?.showModal());
})();
