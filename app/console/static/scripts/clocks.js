// Clocks that count in the server's words: `<time data-due>` to or from a moment, `<time data-ago>` since one. Nobody is
// told of a tick, and nothing counts while the page is hidden.
(() => {
  const { all, find, on, onPart } = throughline;
  const [later, over, ...units] = find("meta[name=clock-words]")?.content.split("|") ?? [];
  let timer;
  const span = (s) => {
    const [unit, size] = [[0, 86400, 172800], [1, 3600, 7200], [4, 60, 3660], [1, 3600, 3600], [2, 60, 60]].find(([, , from]) => s >= from) ?? [3, 1];
    return units[unit].replace("#", Math.floor(s / size) - (unit === 4) * 60);
  };
  const put = (place, text) => { if (place.textContent !== text) place.textContent = text; };
  const tick = () => {
    clearTimeout(timer);
    if (document.hidden || !later) return;
    let least = 999;
    for (const place of all("time[data-due]")) {
      const left = Math.trunc((Date.parse(place.dataset.due) - Date.now()) / 1000), far = Math.abs(left);
      least = Math.min(least, far);
      put(place, (left < 0 ? over : later).replace("#", span(far)));
      place.className = place.className.replace(/due-\w+/, left < 0 ? "due-over" : left <= 1800 ? "due-soon" : "due-later");
    }
    for (const place of all("time[data-ago]")) {
      const gone = (Date.now() - Date.parse(place.dateTime)) / 1000, [unit, size] = gone < 3600 ? [2, 60] : [1, 3600];
      if (gone >= 60 && gone < 86400) put(place, units[unit].replace("#", Math.floor(gone / size)));
    }
    timer = setTimeout(tick, least < 120 ? 1000 : 15000);
  };
  onPart(tick);
  on("visibilitychange", tick);
})();
