// The thread: leaves come in on both sides and go again far away, nothing jumps, and what is new is put to the end.
(() => {
  const { all, find, on, say } = throughline;
  const MOST = 8, HIGHEST = 20000;
  const thread = find("#thread"), frame = find(".thread-scroll");
  const top = (one) => one.getBoundingClientRect().top;
  const focus = (one) => { if (one.tabIndex < 0) one.tabIndex = -1; one.focus({ preventScroll: true }); };

  // What was at a place stays there, whatever came in or went above and below.
  let kept = null, side = "newer";
  const hold = (what) => { kept = what && { what, top: top(what) }; };
  const restore = () => { if (frame && kept?.what.isConnected) frame.scrollTop += top(kept.what) - kept.top; };
  on("htmx:beforeSwap", ({ target }) => {
    if (!target.closest("#thread")) return;
    side = target.matches(".more-older") ? "older" : "newer";
    const isAtEnd = target.id === "tail" && frame.scrollTop > -3;
    hold(isAtEnd ? null : all("#thread .item").find((item) => item.getBoundingClientRect().bottom > top(frame) + 40));
  });
  // Far leaves go; what asks for them again takes their place.
  const trim = () => {
    const leaves = all("#thread > .leaf"), isOlder = side === "older", far = isOlder ? "newer" : "older";
    const edge = isOlder ? leaves[MOST - 1] : leaves.at(-MOST);
    const from = isOlder ? edge?.dataset.onward : edge?.dataset.back;
    const gone = isOlder ? leaves.slice(MOST) : leaves.slice(0, -MOST);
    if (!from || !gone.length || gone.some((leaf) => leaf.contains(document.activeElement))) return;
    for (const leaf of [...gone, ...all(`#thread > .more-${far}, ${isOlder ? "#tail" : "#start"}`)]) leaf.remove();
    const link = find(`#more-${far}`).content.firstElementChild.cloneNode(true);
    link.href = from;
    link.setAttribute("hx-get", from);
    edge[isOlder ? "after" : "before"](link);
    htmx.process(link);
  };
  // A day is said once, also over the border of leaves.
  const days = () => {
    let before = "";
    for (const day of all("#thread .thread-day")) { day.closest(".row").hidden = day.dataset.day === before; before = day.dataset.day; }
  };
  const seen = new MutationObserver(() => { days(); trim(); restore(); kept = null; seen.takeRecords(); });
  if (thread) seen.observe(thread, { childList: true });

  // Why is it here, all of a long text, a mail as it was made: in place.
  on("click", async (event) => {
    const link = event.target.closest("a[data-here]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const item = link.closest(".item") ?? link.parentElement, isWhy = link.dataset.here === "why", told = isWhy && find(".why-told", item);
    if (told) { told.remove(); return; }
    hold(item);
    const target = link.dataset.here === "letter" ? link.closest(".letter-shown") ?? link.closest("p") : item;
    await htmx.ajax("GET", link.href, { target, swap: isWhy ? "beforeend" : "outerHTML" });
    restore();
    const now = document.getElementById(item.id);
    if (now) focus(find(".why-told, .letter-frame", now) ?? now);
  });
  // Nothing runs in a mail's frame: it is measured from here.
  on("load", ({ target }) => {
    if (!target.matches?.(".letter-frame")) return;
    const fit = () => {
      hold(target.closest(".item"));
      const { offsetHeight, clientHeight } = target.contentDocument.documentElement;
      target.style.height = `${Math.min(offsetHeight + target.offsetHeight - clientHeight, HIGHEST)}px`;
      restore();
    };
    fit();
    target.contentDocument.addEventListener("load", fit, true);
  }, true);

  // What arrived late is not at the end: it is said.
  on("throughline:change", ({ detail }) => {
    if (detail.kind === "change" || detail.customer_id !== thread?.dataset.customer) return;
    setTimeout(() => { if (find("#tail") && !document.getElementById(`item-${detail.event_id}`)) say(thread.dataset.late); }, 2000);
  });
  const here = thread && location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (here) { here.scrollIntoView({ block: here.id === "start" ? "start" : "center" }); focus(here); }
})();
