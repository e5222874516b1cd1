// Who else is here: each page that is looked at says so every now and then, sooner where somebody else is, and hears
// who is. A page that is left, hidden or cut off is gone by itself.
(() => {
  const { part } = throughline;
  const [ALONE, TOGETHER, TYPING] = [20000, 4000, 30000];
  let timer, typed = 0, told = "";
  const composer = () => document.getElementById("composer");
  const tell = async (doing) => {
    const form = composer();
    clearTimeout(timer);
    if (!form || (doing === "gone" && !told)) return;
    told = doing === "gone" ? "" : doing;
    const { ok, html } = await part(`/customers/${form.dataset.customer}/presence`, new URLSearchParams({ doing, ticket: form.dataset.number }), { keepalive: true });
    const place = document.getElementById("composer-here"), shown = html.trim();
    if (ok && place && place.innerHTML !== shown) place.innerHTML = shown;
    if (told) timer = setTimeout(beat, shown ? TOGETHER : ALONE);
  };
  const doing = () => (Date.now() - typed < TYPING && composer()?.elements.as.value === "reply" ? "replying" : "looking");
  const beat = () => { if (!document.hidden) tell(doing()); };
  addEventListener("input", (event) => {
    if (event.target.name !== "body" || event.target.form?.id !== "composer") return;
    typed = event.target.value ? Date.now() : 0;
    if (told && told !== doing()) beat();
  });
  addEventListener("DOMContentLoaded", () => { if (!document.hidden) tell("came"); });
  addEventListener("pagehide", () => tell("gone"));
  document.addEventListener("visibilitychange", () => (document.hidden ? tell("gone") : tell("came")));
})();
