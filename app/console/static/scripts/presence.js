// Who else is here: each page that is looked at says so every now and then, sooner where somebody else is, and hears
// who is; at once when the stream says that somebody came. A page that is left, hidden or cut off is gone by itself.
(() => {
  const { find, on, part } = throughline;
  const [ALONE, TOGETHER, TYPING] = [20000, 4000, 30000];
  let timer, typed = 0, told = "";
  const doing = () => (Date.now() - typed < TYPING && find("#composer [value=reply]").checked ? "replying" : "looking");
  const tell = async (what) => {
    const form = find("form#composer");
    clearTimeout(timer);
    if (!form?.dataset.number || (what === "gone" && !told)) return;
    told = what === "gone" ? "" : what;
    const { customer, number } = form.dataset, body = new URLSearchParams({ doing: what, ticket: number });
    const { ok, html } = await part(`/customers/${customer}/presence`, body, { keepalive: true });
    const place = find("#composer-here"), shown = html.trim();
    if (ok && place && place.innerHTML !== shown) place.innerHTML = shown;
    if (told) timer = setTimeout(() => tell(doing()), shown ? TOGETHER : ALONE);
  };
  const look = () => tell(document.hidden ? "gone" : "came");
  on("input", ({ target }) => {
    if (!target.matches("#composer [name=body]")) return;
    typed = target.value ? Date.now() : 0;
    if (told && told !== doing()) tell(doing());
  });
  addEventListener("pagehide", () => tell("gone"));
  on("throughline:presence", () => { if (told) tell(doing()); });
  on("visibilitychange", look);
  look();
})();
