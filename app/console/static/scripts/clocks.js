// Clocks that count: `<time data-due>` until or since a moment, `<time data-ago>` since one, in the page's own words.
// The server's words stand until then; nobody is told of a tick, and nothing is counted while the page is hidden.
(() => {
  const { onPart } = throughline;
  let words;
  const SOON = 1800, DAY = 86400, HOUR = 3600;
  const fill = (pattern, text) => pattern.replace("#", text);
  const span = (seconds) => {
    const [, , days, hours, minutes, plain] = words;
    if (seconds >= 2 * DAY) return fill(days, Math.floor(seconds / DAY));
    if (seconds >= 2 * HOUR) return fill(hours, Math.floor(seconds / HOUR));
    return seconds >= 60 ? fill(minutes, Math.floor(seconds / 60)) : fill(plain, seconds);
  };
  const put = (place, text) => { if (place.textContent !== text) place.textContent = text; };
  let timer;
  const tick = (root = document) => {
    if (document.hidden) return;
    words ??= document.querySelector("meta[name=clock-words]")?.content.split("|");
    if (!words) return;
    let least = Infinity;
    for (const place of root.querySelectorAll("time[data-due]")) {
      const left = Math.trunc((Date.parse(place.dataset.due) - Date.now()) / 1000);
      least = Math.min(least, Math.abs(left));
      put(place, fill(words[left < 0 ? 1 : 0], span(Math.abs(left))));
      for (const [name, is] of [["over", left < 0], ["soon", left >= 0 && left <= SOON], ["later", left > SOON]]) {
        place.classList.toggle(`due-${name}`, is);
      }
    }
    for (const place of root.querySelectorAll("time[data-ago]")) {
      const gone = (Date.now() - Date.parse(place.dateTime)) / 1000;
      if (gone >= 60 && gone < DAY) put(place, fill(words[gone >= HOUR ? 3 : 4], Math.floor(gone / (gone >= HOUR ? HOUR : 60))));
    }
    clearTimeout(timer);
    timer = setTimeout(tick, least < 120 ? 1000 : 15000);
  };
  onPart(() => tick());
  document.addEventListener("visibilitychange", () => tick());
})();
