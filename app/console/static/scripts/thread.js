// The thread: leaves come in on both sides and go again far away, nothing jumps, and what is new is put to the end.
(() => {
  const { onPart, onKey, say } = throughline;
  const MOST = 8;
  const scroller = () => document.querySelector(".thread-scroll");

  // What was at a place stays there, whatever came in or went above and below. At the very end, what is new is shown.
  let kept = null;
  const hold = (one) => { kept = one && { one, top: one.getBoundingClientRect().top }; };
  const keep = (isTail) => {
    const frame = scroller().getBoundingClientRect();
    const seen = [...document.querySelectorAll("#thread .item")].find((one) => one.getBoundingClientRect().bottom > frame.top + 40);
    hold(isTail && Math.abs(scroller().scrollTop) < 3 ? null : seen);
  };
  const restore = () => {
    if (!kept?.one.isConnected) return;
    const by = kept.one.getBoundingClientRect().top - kept.top;
    if (Math.abs(by) > 1) scroller().scrollTop += by;
  };

  const sentinel = (side, from, words) => {
    const link = Object.assign(document.createElement("a"), { className: `more more-${side}`, href: from, textContent: words });
    for (const [name, value] of [["hx-get", from], ["hx-trigger", "intersect once"], ["hx-swap", "outerHTML"]]) link.setAttribute(name, value);
    return link;
  };
  // Far leaves go; what asks for them again takes their place.
  const trim = (side) => {
    const leaves = [...document.querySelectorAll("#thread > .leaf")];
    if (leaves.length <= MOST || leaves.some((one) => one.contains(document.activeElement))) return;
    const gone = side === "older" ? leaves.slice(MOST) : leaves.slice(0, -MOST);
    const edge = side === "older" ? leaves[MOST - 1] : leaves.at(-MOST);
    const from = side === "older" ? edge.dataset.onward : edge.dataset.back;
    if (!from) return;
    for (const one of gone) one.remove();
    const other = side === "older" ? "newer" : "older";
    const words = document.querySelector("#thread").dataset[other];
    document.querySelector(`#thread > .more-${other}`)?.remove();
    if (other === "newer") document.querySelector("#tail")?.remove(); else document.querySelector("#start")?.remove();
    const link = sentinel(other, from, words);
    edge[other === "newer" ? "after" : "before"](link);
    htmx.process(link);
  };
  // A day is said once, also over the border of leaves.
  const days = () => {
    let before = "";
    for (const one of document.querySelectorAll("#thread .thread-day")) {
      one.closest(".row").hidden = one.dataset.day === before;
      before = one.dataset.day;
    }
  };
  // Leaves are looked at as soon as they stand in the page, before anything is painted.
  let side = "newer";
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!event.target.closest?.("#thread")) return;
    keep(event.target.id === "tail");
    side = event.target.matches(".more-older") ? "older" : "newer";
  });
  const watch = () => {
    const thread = document.querySelector("#thread");
    if (!thread) return;
    const seen = new MutationObserver(() => { days(); trim(side); restore(); seen.takeRecords(); });
    seen.observe(thread, { childList: true });
  };

  // Why is it here, all of a long text, a mail as it was made: one click, in place.
  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.("a.why, a.all, a.letter");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const item = link.closest(".item") ?? link.parentElement;
    hold(item);
    if (link.matches(".why")) {
      const told = item.querySelector(":scope > .why-told");
      if (told) { told.remove(); link.focus(); return; }
      await htmx.ajax("GET", link.href, { target: item, swap: "beforeend" });
      restore();
      item.querySelector(":scope > .why-told")?.focus({ preventScroll: true });
    } else if (link.matches(".all")) {
      const id = item.id;
      await htmx.ajax("GET", link.href, { target: item, swap: "outerHTML" });
      const now = document.getElementById(id);
      if (now) { now.tabIndex = -1; now.focus(); }
    } else {
      const shown = link.closest(".letter-shown");
      await htmx.ajax("GET", link.href, { target: shown ?? link.closest("p"), swap: "outerHTML" });
      restore();
    }
  });
  // A frame is as high as what stands in it. Nothing runs inside: it is measured from here.
  onPart((root) => {
    const frames = root.matches?.(".letter-frame") ? [root] : root.querySelectorAll(".letter-frame");
    for (const frame of frames) {
      const fit = () => {
        const page = frame.contentDocument?.documentElement;
        if (!page) return;
        hold(frame.closest(".item"));
        frame.style.height = `${Math.min(page.scrollHeight + 2, 20000)}px`;
        restore();
      };
      frame.addEventListener("load", () => { fit(); for (const one of frame.contentDocument?.images ?? []) one.addEventListener("load", fit); });
    }
  });

  // What arrived late, or moved, does not come at the end: it is said, and one click away.
  document.addEventListener("throughline:change", (event) => {
    const change = event.detail, thread = document.querySelector("#thread");
    if (!thread || change.customer_id !== thread.dataset.customer || change.kind === "change") return;
    setTimeout(() => {
      if (document.getElementById(`item-${change.event_id}`) || !document.querySelector("#tail")) return;
      say(thread.dataset.late);
    }, 2000);
  });

  const jump = (name) => { const link = document.querySelector(`[data-jump="${name}"]`); if (!link) return false; link.click(); };
  onKey("[", () => jump("first"));
  onKey("]", () => jump("last"));
  onKey("u", () => jump("waits"));
  onKey("f", () => { const pop = document.querySelector(".thread-bar .pop"); if (!pop) return false; pop.open = true; pop.querySelector("[data-filter]").focus(); });
  addEventListener("keydown", (event) => {
    const pop = event.key === "Escape" && event.target.closest?.(".pop[open]");
    if (pop) { pop.open = false; pop.querySelector("summary").focus(); }
  });
  // A place that is asked for is put into the middle.
  addEventListener("DOMContentLoaded", () => {
    watch();
    const here = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (here && here.closest("#thread")) { here.scrollIntoView({ block: here.id === "start" ? "start" : "center" }); if (here.matches(".item")) { here.tabIndex = -1; here.focus({ preventScroll: true }); } }
  });
})();
