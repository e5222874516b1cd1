// Keys of a page's own buttons: `data-key="m"` does what the button does.
(() => {
  throughline.onPart((root) => {
    for (const one of root.querySelectorAll("[data-key]")) {
      throughline.onKey(one.dataset.key, () => { if (!one.isConnected || one.disabled) return false; one.click(); return true; });
    }
  });
})();
