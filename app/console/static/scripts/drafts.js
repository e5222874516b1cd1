// Drafts: what is typed survives a reload, in this browser for a fortnight, and goes when it was taken.
(() => {
  const { kept, onPart } = throughline;
  const FORTNIGHT = 14 * 864e5;
  const drafts = throughline.drafts = {
    read(of) { try { return JSON.parse(kept.read(`draft:${of}`)) ?? {}; } catch { return {}; } },
    write(of, what) { kept.write(`draft:${of}`, what && JSON.stringify({ ...what, at: Date.now() })); },
    names() { try { return Object.keys(localStorage).filter((one) => one.startsWith("draft:")).map((one) => one.slice(6)); } catch { return []; } },
  };
  for (const one of drafts.names()) if (!(drafts.read(one).at > Date.now() - FORTNIGHT)) drafts.write(one, null);

  // A form with one text says `data-draft="name"`; it is sent once.
  onPart((root) => {
    for (const form of root.querySelectorAll("form[data-draft]")) {
      const area = form.querySelector("textarea");
      if (!area.value) area.value = drafts.read(form.dataset.draft).text ?? "";
      area.addEventListener("input", () => drafts.write(form.dataset.draft, area.value && { text: area.value }));
      form.addEventListener("submit", (event) => {
        if (form.dataset.sent) { event.preventDefault(); return; }
        form.dataset.sent = "yes";
        drafts.write(form.dataset.draft, null);
      });
    }
  });
  // A page that comes back out of the browser's memory may be sent again.
  addEventListener("pageshow", () => { for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent; });
})();
