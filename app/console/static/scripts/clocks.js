// Clocks that count in the server's words: `<time data-due>` to or from a moment, `<time data-ago>` since one. Nobody is
// told of a tick, and nothing counts while the page is hidden.
(() => {
  let words, timer;
  const span = (s, [day, hour, minute, second]) => {
    const [unit, n] = s >= 172800 ? [day, s / 86400] : s >= 7200 ? [hour, s / 3600] : s >= 60 ? [minute, s / 60] : [second, s];
    return unit.replace("#", Math.floor(n));
  };
  const put = (place, text) => { if (place.textContent !== text) place.textContent = text; };
  const tick = () => {
    words ??= document.querySelector("meta[name=clock-words]")?.content.split("|");
    if (document.hidden || !words) return;
    const [later, over, ...units] = words;
    let least = 999;
    for (const place of document.querySelectorAll("time[data-due]")) {
      const left = Math.trunc((Date.parse(place.dataset.due) - Date.now()) / 1000), far = Math.abs(left);
      least = Math.min(least, far);
      put(place, (left < 0 ? over : later).replace("#", span(far, units)));
      place.className = place.className.replace(/due-\w+/, left < 0 ? "due-over" : left <= 1800 ? "due-soon" : "due-later");
    }
    for (const place of document.querySelectorAll("time[data-ago]")) {
      const gone = (Date.now() - Date.parse(place.dateTime)) / 1000;
      if (gone >= 60 && gone < 86400) put(place, (gone < 3600 ? units[2] : units[1]).replace("#", Math.floor(gone / (gone < 3600 ? 60 : 3600))));
    }
    clearTimeout(timer);
    timer = setTimeout(tick, least < 120 ? 1000 : 15000);
  };
  throughline.onPart(tick);
  document.addEventListener("visibilitychange", tick);
})();
