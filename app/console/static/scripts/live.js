// What is new: one stream a page, and a part of the page asks for itself when something in it may have changed.
// Hints that are lost or doubled cost a look. A part says what it follows: `data-live="customer:ID"`, `data-live="all"`,
// where it comes from, `data-from="/path"`, and has an id. What is typed in it, or open, is left in peace.
(() => {
  const busy = (part) => part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
  const due = new Map();
  const ask = (part) => {
    if (due.has(part.id)) return;
    due.set(part.id, setTimeout(() => {
      due.delete(part.id);
      const now = document.getElementById(part.id);
      if (!now) return;
      if (busy(now)) { ask(now); return; }
      htmx.ajax("GET", now.dataset.from, { source: now, target: now, swap: "outerHTML" });
    }, 60));
  };
  const follows = (part, change) => part.dataset.live === "all" || part.dataset.live === `customer:${change.customer_id}`;
  // A browser opens six connections to a server and no more: only pages that are looked at hold one. Whoever comes back
  // is told from where it left; an answer that is no stream (a server that starts, a session that ended) is asked anew.
  const AGAIN_MS = 5000;
  let stream = null, last = "", left = false;
  const tell = (change) => {
    for (const part of document.querySelectorAll("[data-live][data-from]")) if (follows(part, change)) ask(part);
    document.dispatchEvent(new CustomEvent("throughline:change", { detail: change }));
  };
  const close = () => { left ||= !!stream; stream?.close(); stream = null; };
  const open = () => {
    if (stream || document.visibilityState === "hidden" || !document.querySelector("[data-head], [data-live]")) return;
    if (left && !last) tell({});
    stream = new EventSource(last ? `/live?after=${encodeURIComponent(last)}` : "/live");
    stream.addEventListener("change", (event) => { last = event.lastEventId; tell(JSON.parse(event.data)); });
    stream.addEventListener("error", () => { if (stream?.readyState === 2) { close(); setTimeout(open, AGAIN_MS); } });
  };
  addEventListener("DOMContentLoaded", () => { last = document.body.dataset.head ?? ""; open(); });
  document.addEventListener("visibilitychange", () => (document.visibilityState === "hidden" ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
})();
