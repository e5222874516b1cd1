// The thread: leaves come in on both sides and go again far away, nothing jumps, and what is new is put to the end.
(() => {
  const { onPart, onKey, say } = throughline;
  const MOST = 8;
  const one = (what) => document.querySelector(what);
  const all = (what) => [...document.querySelectorAll(what)];

  // What was at a place stays there, whatever came in or went above and below.
  let kept = null;
  const hold = (what) => { kept = what && { what, top: what.getBoundingClientRect().top }; };
  const restore = () => {
    if (kept?.what.isConnected) one(".thread-scroll").scrollTop += kept.what.getBoundingClientRect().top - kept.top;
  };
  let side = "newer";
  document.addEventListener("htmx:beforeSwap", ({ target }) => {
    if (!target.closest?.("#thread")) return;
    const frame = one(".thread-scroll"), top = frame.getBoundingClientRect().top + 40;
    side = target.matches(".more-older") ? "older" : "newer";
    hold(target.id === "tail" && frame.scrollTop > -3 ? null : all("#thread .item").find((item) => item.getBoundingClientRect().bottom > top));
  });
  // Far leaves go; what asks for them again takes their place.
  const trim = () => {
    const leaves = all("#thread > .leaf"), isOlder = side === "older", far = isOlder ? "newer" : "older";
    const edge = isOlder ? leaves[MOST - 1] : leaves.at(-MOST);
    const from = isOlder ? edge?.dataset.onward : edge?.dataset.back;
    const gone = isOlder ? leaves.slice(MOST) : leaves.slice(0, -MOST);
    if (!from || !gone.length || gone.some((leaf) => leaf.contains(document.activeElement))) return;
    for (const leaf of [...gone, ...all(`#thread > .more-${far}, ${isOlder ? "#tail" : "#start"}`)]) leaf.remove();
    const link = document.createElement("a");
    const named = { class: `more more-${far}`, href: from, "hx-get": from, "hx-trigger": "intersect once", "hx-swap": "outerHTML" };
    for (const name in named) link.setAttribute(name, named[name]);
    link.textContent = one("#thread").dataset[far];
    edge[isOlder ? "after" : "before"](link);
    htmx.process(link);
  };
  // A day is said once, also over the border of leaves.
  const days = () => {
    let before = "";
    for (const day of all("#thread .thread-day")) { day.closest(".row").hidden = day.dataset.day === before; before = day.dataset.day; }
  };

  // Why is it here, all of a long text, a mail as it was made: in place.
  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.("a[data-here]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const item = link.closest(".item") ?? link.parentElement, how = link.dataset.here;
    const told = how === "why" && item.querySelector(".why-told");
    if (told) { told.remove(); return; }
    hold(item);
    const target = how === "letter" ? link.closest(".letter-shown") ?? link.closest("p") : item;
    await htmx.ajax("GET", link.href, { target, swap: how === "why" ? "beforeend" : "outerHTML" });
    restore();
    const now = document.getElementById(item.id)?.querySelector(".why-told, .letter-frame") ?? document.getElementById(item.id);
    if (now) { now.tabIndex = -1; now.focus({ preventScroll: true }); }
  });
  // Nothing runs in a mail's frame: it is measured from here.
  onPart((root) => {
    for (const frame of root.querySelectorAll(".letter-frame")) {
      const fit = () => {
        hold(frame.closest(".item"));
        frame.style.height = `${Math.min(frame.contentDocument.documentElement.scrollHeight + 2, 20000)}px`;
        restore();
      };
      frame.addEventListener("load", () => { fit(); for (const image of frame.contentDocument.images) image.addEventListener("load", fit); });
    }
  });

  // What arrived late is not at the end: it is said.
  document.addEventListener("throughline:change", ({ detail }) => {
    const thread = one("#thread");
    if (detail.kind !== "change" && detail.customer_id === thread?.dataset.customer) {
      setTimeout(() => { if (one("#tail") && !document.getElementById(`item-${detail.event_id}`)) say(thread.dataset.late); }, 2000);
    }
  });

  for (const [key, name] of [["[", "first"], ["]", "last"], [".", "waits"], [",", "filter"]]) onKey(key, () => { const to = one(`[data-jump="${name}"]`); to?.click(); return Boolean(to); });
  addEventListener("DOMContentLoaded", () => {
    const thread = one("#thread"), here = thread && location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!thread) return;
    const seen = new MutationObserver(() => { days(); trim(); restore(); kept = null; seen.takeRecords(); });
    seen.observe(thread, { childList: true });
    if (here) { here.scrollIntoView({ block: here.id === "start" ? "start" : "center" }); here.tabIndex = -1; here.focus({ preventScroll: true }); }
  });
})();
