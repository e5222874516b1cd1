// The ticket beside the thread: its keys, its dialogs, and what stays when the panel comes anew.
(() => {
  const { onKey, onPart, say } = throughline;
  const doing = () => document.querySelector("dialog[data-doing]");
  const on = (name, act) => document.addEventListener(name, act, true);
  const open = new Set();
  let opener = "";

  for (const key of "asopuyftcezbvmxlwh") onKey(key, () => {
    const one = document.querySelector(`#panel [data-press=${key}]`);
    return one ? one.click() : false;
  });

  // A dialog that came in is opened; closed, it goes, and the focus is where it was.
  const close = () => {
    document.getElementById("doing")?.replaceChildren();
    document.getElementById(opener)?.focus({ preventScroll: true });
    opener = "";
  };
  onPart(() => {
    const dialog = doing();
    if (dialog && !dialog.open) {
      opener ||= document.activeElement.id;
      dialog.onclose = close;
      dialog.showModal();
      ["[aria-invalid]", "[autofocus]", "form[hx-post] :is(input:not([type=hidden], :disabled), .pick, .button), li a", "button"]
        .map((one) => dialog.querySelector(one)).find(Boolean).focus();
    }
    for (const one of document.querySelectorAll("#panel details")) if (open.has(one.id)) one.open = true;
  });
  on("throughline:done", () => {
    say(document.querySelector("[data-told]")?.firstChild.textContent ?? "");
    doing() ? doing().close() : close();
  });
  on("toggle", ({ target }) => { if (target.closest("#panel")) open[target.open ? "add" : "delete"](target.id); });

  // What was refused is shown with its reason; without an answer what was typed stays.
  const fault = (words) => {
    const told = Object.assign(document.createElement("p"), { className: "notice notice-bad", role: "alert", textContent: words });
    const place = doing() ?? document.getElementById("panel-told");
    place.querySelector(".notice")?.remove();
    place.append(told);
  };
  on("htmx:beforeSwap", ({ target, detail }) => {
    const text = detail.xhr.responseText;
    if (detail.xhr.status < 400 || !target.closest(".panel")) return;
    detail.isError = false;
    detail.shouldSwap = /id="panel"|data-doing/.test(text);
    if (!detail.shouldSwap) fault(new DOMParser().parseFromString(text, "text/html").body.innerText);
  });
  on("htmx:sendError", ({ target }) => { const panel = target.closest(".panel"); if (panel) fault(panel.dataset.lost); });

  // Choosing: letters filter, arrows go along, Enter takes the first.
  on("input", ({ target }) => {
    for (const one of document.getElementById(target.dataset.filter)?.children ?? []) {
      one.hidden = !one.textContent.toLowerCase().includes(target.value.trim().toLowerCase());
    }
  });
  on("keydown", (event) => {
    const { key, target } = event;
    const all = [...(target.closest("dialog[data-doing]")?.querySelectorAll("li:not([hidden]) > .pick, [data-filter], [data-pick]") ?? [])];
    const at = all.indexOf(target);
    const goes = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (at >= 0 && goes) { event.preventDefault(); all[at + goes]?.focus(); }
    if (key === "Enter" && target.type === "search" && at >= 0) { event.preventDefault(); if (target.value) all[1]?.click(); }
  });
})();
