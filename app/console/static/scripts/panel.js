// The ticket beside the thread: its keys, its dialogs, and what stays where it was when the panel comes anew.
(() => {
  const { onKey, onPart, say } = throughline;
  const doing = () => document.querySelector("dialog[data-doing]");
  let opener = null;

  for (const key of "asopuyftcezbvmxlwh") {
    onKey(key, () => {
      const pressed = document.querySelector(`#panel [data-press="${key}"]`);
      if (!pressed) return false;
      pressed.click();
    });
  }

  // A dialog that came in is opened; closed, it goes, and the focus is where it was.
  const close = () => {
    const room = document.getElementById("doing");
    if (room) room.replaceChildren();
    const back = opener && document.getElementById(opener);
    opener = null;
    if (back) back.focus({ preventScroll: true });
  };
  onPart((root) => {
    const dialog = root.matches?.("dialog[data-doing]") ? root : root.querySelector?.("dialog[data-doing]");
    if (dialog && !dialog.open) {
      opener ??= document.activeElement?.id || null;
      dialog.addEventListener("close", close);
      dialog.showModal();
      const first = ["[aria-invalid]", "[autofocus]", ":is(input:not([type=hidden], :disabled), .pick, form[hx-post] button, li a)", "button"];
      first.map((one) => dialog.querySelector(one)).find(Boolean).focus();
    }
    for (const one of document.querySelectorAll("#panel details")) if (open.has(one.id)) one.open = true;
  });
  document.addEventListener("throughline:done", () => {
    const told = document.querySelector("[data-told]");
    if (told) say(told.firstChild.textContent);
    const dialog = doing();
    if (dialog) dialog.close(); else close();
  });

  // Which reasons were open stays so.
  const open = new Set();
  document.addEventListener("toggle", (event) => {
    if (!event.target.matches?.("#panel details[id]")) return;
    if (event.target.open) open.add(event.target.id); else open.delete(event.target.id);
  }, true);

  // What was refused is shown with its reason; what got no answer keeps what was typed.
  const ours = (event) => event.target.closest?.(".panel");
  const lost = (words) => {
    const place = doing()?.querySelector(".doing-head") ?? document.getElementById("panel-told");
    const told = Object.assign(document.createElement("p"), { className: "notice notice-bad", role: "alert", textContent: words });
    doing() ? (doing().querySelector(".notice-bad")?.remove(), place.after(told)) : place.replaceChildren(told);
  };
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (!ours(event) || xhr.status < 400) return;
    event.detail.isError = false;
    if (xhr.responseText.includes('id="panel"') || xhr.responseText.includes("data-doing")) { event.detail.shouldSwap = true; return; }
    lost(new DOMParser().parseFromString(xhr.responseText, "text/html").body.textContent.trim());
  });
  document.addEventListener("htmx:sendError", (event) => { if (ours(event)) lost(document.querySelector(".panel").dataset.lost); });

  // Choosing by keys: letters filter, arrows go along, Enter takes the first.
  const shown = (list) => [...list.querySelectorAll(".pick")].filter((one) => !one.closest("li").hidden);
  document.addEventListener("input", (event) => {
    const list = event.target.dataset?.filter && document.getElementById(event.target.dataset.filter);
    if (!list) return;
    const wanted = event.target.value.trim().toLowerCase();
    for (const one of list.children) one.hidden = !one.textContent.toLowerCase().includes(wanted);
  });
  document.addEventListener("keydown", (event) => {
    const dialog = event.target.closest?.("dialog[data-doing]");
    const list = dialog?.querySelector(".picks");
    if (!list || event.target.matches("textarea, select, [type=datetime-local]")) return;
    const at = shown(list).indexOf(event.target);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = shown(list)[at + (event.key === "ArrowDown" ? 1 : -1)];
      event.preventDefault();
      (next ?? (at === 0 ? dialog.querySelector("[data-filter], [data-pick]") : null))?.focus();
    } else if (event.key === "Enter" && event.target.dataset.filter) {
      event.preventDefault();
      if (event.target.value || at >= 0) shown(list)[0]?.click();
    } else if (event.key === "Enter" && event.target.matches("[type=search][data-pick]")) {
      event.preventDefault();
      shown(list)[0]?.click();
    }
  });
  document.addEventListener("focusin", (event) => { if (event.target.matches("[data-select]")) event.target.select(); });
})();
