// What is new: one stream a page, and a part of the page asks for itself when something in it may have changed.
// Hints that are lost or doubled cost a look. A part says what it follows: `data-live="customer:ID"`, `data-live="all"`,
// where it comes from, `data-from="/path"`, and has an id. What is typed in it, or open, is left in peace.
(() => {
  const { all, find, on, part, tell: line } = throughline;
  const due = new Set();
  const ask = (id) => {
    if (due.has(id)) return;
    due.add(id);
    setTimeout(() => {
      due.delete(id);
      const part = document.getElementById(id), at = document.activeElement;
      if (part?.contains(at) && at.matches("input, textarea, select")) ask(id);
      else if (part) htmx.ajax("GET", part.dataset.from, { source: part, target: part, swap: "outerHTML", headers: { "X-Unasked": "yes" } });
    }, 60);
  };
  on("htmx:configRequest", ({ detail }) => { if (detail.elt.matches("[hx-trigger^=load]")) detail.headers["X-Unasked"] = "yes"; });
  // A browser opens six connections to a server and no more: only pages that are looked at hold one. Whoever comes back
  // is told from where it left; an answer that is no stream (a server that starts, a session that ended) is asked anew.
  const AGAIN_MS = 5000;
  let stream = null, last = document.body.dataset.head ?? "", left = false, lost = 0, said = "";
  const tell = (change) => {
    const parts = change ? `[data-live=all], [data-live="customer:${change.customer_id}"]` : "[data-live]";
    for (const part of all(`[data-from]:is(${parts})`)) ask(part.id);
    document.dispatchEvent(new CustomEvent("throughline:change", { detail: change ?? {} }));
  };
  // Lost for some seconds it is said, and what with: the server, or the session. Live again, nothing is.
  const show = (what) => { if (said !== what) line(said = what); };
  const lose = () => {
    const since = lost ||= Date.now();
    setTimeout(async () => {
      const { status } = lost === since && await part("/me/rail");
      if (lost === since && stream?.readyState !== 1) show(status === 401 ? "ended" : "away");
    }, AGAIN_MS);
  };
  const regain = () => { lost = 0; show(""); };
  const close = () => { left ||= !!stream; stream?.close(); stream = null; };
  const open = () => {
    if (stream || document.visibilityState === "hidden" || !find("[data-head], [data-live]")) return;
    if (left && !last) tell();
    const here = find("form#composer[data-number]")?.dataset.customer;
    const asked = new URLSearchParams({ ...last && { after: last }, ...here && { customer: here } });
    stream = new EventSource(`/live?${asked}`);
    stream.addEventListener("open", regain);
    stream.addEventListener("change", (event) => { last = event.lastEventId; tell(JSON.parse(event.data)); });
    stream.addEventListener("anew", (event) => { last = event.lastEventId; tell(); });
    stream.addEventListener("presence", () => document.dispatchEvent(new Event("throughline:presence")));
    stream.addEventListener("error", () => { lose(); if (stream?.readyState === 2) { close(); setTimeout(open, AGAIN_MS); } });
  };
  on("visibilitychange", () => (document.visibilityState === "hidden" ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
})();
