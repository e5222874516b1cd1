// Drafts: what is typed survives a reload, and goes when it was sent. A form is sent once.
(() => {
  const { kept, onPart } = throughline;
  onPart((root) => {
    for (const form of root.querySelectorAll("form[data-draft]")) {
      const area = form.querySelector("textarea");
      const name = `draft:${form.dataset.draft}`;
      if (!area.value) area.value = kept.read(name) ?? "";
      area.addEventListener("input", () => kept.write(name, area.value));
      form.addEventListener("submit", (event) => {
        if (form.dataset.sent) { event.preventDefault(); return; }
        form.dataset.sent = "yes";
        kept.write(name, "");
      });
    }
  });
  // A page that comes back out of the browser's memory may be sent again.
  addEventListener("pageshow", () => { for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent; });
})();
