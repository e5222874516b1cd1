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
  addEventListener("DOMContentLoaded", () => {
    const head = document.body.dataset.head;
    if (!head && !document.querySelector("[data-live]")) return;
    const stream = new EventSource(head ? `/live?after=${encodeURIComponent(head)}` : "/live");
    stream.addEventListener("change", (event) => {
      const change = JSON.parse(event.data);
      for (const part of document.querySelectorAll("[data-live][data-from]")) if (follows(part, change)) ask(part);
      document.dispatchEvent(new CustomEvent("throughline:change", { detail: change }));
    });
    addEventListener("pagehide", () => stream.close());
  });
})();
