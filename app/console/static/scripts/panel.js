// The ticket beside the thread: its dialogs, and what stays when the panel comes anew.
(() => {
  const { all, find, on, onPart, say, wordsOf } = throughline;
  const doing = () => find("dialog[data-doing]");
  const open = new Set();
  let opener = "", asker = "";

  // A dialog that came in is opened; closed, it goes, and the focus is where it was.
  const close = () => {
    doing()?.remove();
    document.getElementById(opener)?.focus({ preventScroll: true });
    opener = "";
  };
  onPart(() => {
    const dialog = doing();
    if (dialog && !dialog.open) {
      opener ||= document.activeElement.id || asker;
      dialog.onclose = close;
      dialog.showModal();
      ["[aria-invalid]", "[autofocus]", "form[hx-post] :is(input:not([type=hidden], :disabled), .pick, .button), li a", "button"]
        .map((one) => find(one, dialog)).find(Boolean)?.focus();
    }
    for (const one of all("#panel details")) if (open.has(one.id)) one.open = true;
  });
  on("htmx:beforeRequest", ({ target }) => { asker = target.id; });
  on("throughline:done", () => {
    say(find("[data-told]")?.firstChild.textContent ?? "");
    doing() ? doing().close() : close();
  });
  on("toggle", ({ target }) => { if (target.closest("#panel")) open[target.open ? "add" : "delete"](target.id); }, true);
  on("click", (event) => { if (doing() && event.target.matches("[data-close]")) { event.preventDefault(); doing().close(); } });

  // What was refused is shown with its reason; without an answer what was typed stays.
  const fault = (words) => {
    const place = doing() ?? find("#panel-told");
    find(".notice", place)?.remove();
    place.append(Object.assign(document.createElement("p"), { className: "notice notice-bad", role: "alert", textContent: words }));
  };
  on("htmx:beforeSwap", ({ target, detail }) => {
    const text = detail.xhr.responseText;
    if (detail.xhr.status < 400 || !target.closest(".panel")) return;
    detail.isError = false;
    detail.shouldSwap = /id="panel"|data-doing/.test(text);
    if (!detail.shouldSwap && text) fault(wordsOf(text));
  });
  on("htmx:sendError", ({ target }) => { const panel = target.closest(".panel"); if (panel) fault(panel.dataset.lost); });

  // Choosing: letters filter, arrows go along, Enter takes the first.
  on("input", ({ target }) => {
    for (const one of document.getElementById(target.dataset.filter)?.children ?? []) {
      one.hidden = !one.textContent.toLowerCase().includes(target.value.trim().toLowerCase());
    }
  });
  on("keydown", (event) => {
    const { key, target } = event, by = { ArrowDown: 1, ArrowUp: -1 }[key];
    const some = all("dialog[data-doing] :is(li:not([hidden]) > .pick, [data-filter], [data-pick])"), at = some.indexOf(target);
    if (at >= 0 && by) { event.preventDefault(); some[at + by]?.focus(); }
    if (key === "Enter" && target.type === "search" && at >= 0) { event.preventDefault(); if (target.value) some[1]?.click(); }
  });
})();
