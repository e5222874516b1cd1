// What is new: one stream a page, and a part of the page asks for itself when something in it may have changed.
// Hints that are lost or doubled cost a look. A part says what it follows: `data-live="customer:ID"`, `data-live="all"`,
// where it comes from, `data-from="/path"`, and has an id. What is typed in it, or open, is left in peace.
(() => {
  const { all, find, on } = throughline;
  const due = new Set();
  const ask = (id) => {
    if (due.has(id)) return;
    due.add(id);
    setTimeout(() => {
      due.delete(id);
      const part = document.getElementById(id), at = document.activeElement;
      if (part?.contains(at) && at.matches("input, textarea, select")) ask(id);
      else if (part) htmx.ajax("GET", part.dataset.from, { source: part, target: part, swap: "outerHTML" });
    }, 60);
  };
  // A browser opens six connections to a server and no more: only pages that are looked at hold one. Whoever comes back
  // is told from where it left; an answer that is no stream (a server that starts, a session that ended) is asked anew.
  const AGAIN_MS = 5000;
  let stream = null, last = document.body.dataset.head ?? "", left = false;
  const tell = (change) => {
    for (const part of all(`[data-from]:is([data-live=all], [data-live="customer:${change.customer_id}"])`)) ask(part.id);
    document.dispatchEvent(new CustomEvent("throughline:change", { detail: change }));
  };
  const close = () => { left ||= !!stream; stream?.close(); stream = null; };
  const open = () => {
    if (stream || document.visibilityState === "hidden" || !find("[data-head], [data-live]")) return;
    if (left && !last) tell({});
    stream = new EventSource(last ? `/live?after=${encodeURIComponent(last)}` : "/live");
    stream.addEventListener("change", (event) => { last = event.lastEventId; tell(JSON.parse(event.data)); });
    stream.addEventListener("error", () => { if (stream?.readyState === 2) { close(); setTimeout(open, AGAIN_MS); } });
  };
  on("visibilitychange", () => (document.visibilityState === "hidden" ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
})();
