// The composer: checked, held for some seconds in which it can be undone, sent once. An answer that waits leaves with
// the page; what nobody confirmed is kept in the browser and said again under the same name, which does it once.
(() => {
  const { find, kept, on, onKey, onPart, part, say, wordsOf } = throughline;
  const HELD = 6000;
  const box = () => find("form#composer");
  const at = (name) => find(`[data-${name}]`, box());
  const field = (name) => box().elements[name];
  const text = () => field("body");
  const told = (name) => at(name).content.textContent.trim();
  const isNote = () => field("as").value === "note";
  const fields = () => new URLSearchParams(new FormData(box()));
  const path = (what) => `${box().dataset.at}/${what}`;
  const place = () => `draft:${box().dataset.agent}:${box().dataset.composer}`;
  let wait = null, busy = false, later = 0;

  const isEmpty = () => !text().value.trim() && !at("file") && !at("uploading");
  const save = (held) => {
    if (!isEmpty()) kept.write(place(), { kept: [...fields()], held });
    else if (!kept.read(place()).held) kept.write(place(), null);
  };
  const tell = (name, words) => {
    at("fault")?.remove();
    box().prepend(at(name).content.cloneNode(true));
    if (words) at("fault").textContent = words;
  };
  const put = (html) => {
    if (!html.includes('id="composer"')) { tell("away", wordsOf(html)); return; }
    const isIn = box().contains(document.activeElement);
    htmx.swap(box(), html, { swapStyle: "outerHTML" });
    text().selectionStart = text().value.length;
    if (isIn || box().querySelector("[role=alert]")) text().focus();
    if (box().dataset.done) say(box().dataset.done);
  };
  const ask = async (where, body) => {
    if (busy) return null;
    busy = true;
    const answer = await part(where, body), fault = { 0: "away", 401: "ended", 403: "stale" }[answer.status];
    busy = false;
    if (fault) tell(fault);
    return fault ? null : answer;
  };
  const renew = async (asked) => {
    const was = text().value, answer = await ask(path("composer"), new URLSearchParams(asked));
    if (answer && text().value === was) put(answer.html);
  };
  const load = async (about) => {
    await renew([...fields(), ["picked", about], ["to", ""], ["as", "reply"]]);
    text().focus();
    save();
  };
  const restore = async () => {
    const draft = kept.read(place());
    if (!draft.kept || draft.held || !isEmpty()) return;
    await renew([["picked", field("picked").value], ...draft.kept.filter((one) => one.join() !== "picked,")]);
    if (draft.unsure) tell("unsure");
  };

  // Checked, held, sent
  const check = async () => {
    const body = fields(), answer = await ask(path("check"), body);
    if (!answer?.ok) { if (answer) put(answer.html); return; }
    if (text().value.includes("{{")) at("filled").innerHTML = answer.html;
    const until = Date.now() + HELD;
    const tick = () => {
      at("seconds").textContent = Math.ceil((until - Date.now()) / 1000);
      if (Date.now() >= until) leave();
    };
    wait = { body, timer: setInterval(tick, 200) };
    text().readOnly = true;
    at("wait").hidden = false;
    hold(until);
    tick();
    say(at("wait").innerText);
    at("undo").focus();
  };
  const hold = (until) => save({ body: String(wait.body), path: box().action, until });
  const stop = () => {
    clearInterval(wait.timer);
    wait = null;
    at("wait").hidden = true;
    at("filled").textContent = "";
    text().readOnly = false;
    text().focus();
  };
  const undo = () => { stop(); save(); };
  const leave = () => { const { body } = wait; stop(); deliver(body); };
  const deliver = async (body) => {
    const answer = await ask(box().action, body);
    if (!answer) return;
    if (answer.ok) kept.write(place(), null);
    else save();
    put(answer.html);
  };
  on("submit", (event) => {
    if (event.target !== box()) return;
    event.preventDefault();
    if (wait) leave();
    else if (at("uploading")) tell("uploads");
    else if (isNote()) deliver(fields());
    else check();
  });
  addEventListener("pagehide", () => {
    if (!wait) return;
    clearInterval(wait.timer);
    hold(0);
    part(box().action, wait.body, { keepalive: true });
  });
  // What a page left with and nobody confirmed: said again. What another session began is a draft.
  const resend = async (name) => {
    const { held, ...draft } = kept.read(name);
    if (!held || held.until > Date.now() - 5000) return;
    const { ok, status } = await part(held.path, new URLSearchParams(held.body));
    if (!status || status === 401) return;
    kept.write(name, ok ? null : { ...draft, unsure: true });
    if (!ok && box() && place() === name) restore();
  };
  for (const name of kept.names("draft:")) resend(name);

  // Files
  const upload = async (file) => {
    at("files").append(at("line").content.cloneNode(true));
    const line = at("files").lastElementChild, isLarge = file.size > box().dataset.most * 1e6;
    line.firstChild.textContent = file.name;
    const { status, html } = isLarge ? {} : await part(`/uploads?name=${encodeURIComponent(file.name)}`, file);
    if (status === 201) { line.outerHTML = html; save(); return; }
    delete line.dataset.uploading;
    line.lastChild.replaceWith(html ? wordsOf(html) : told(isLarge ? "large" : status ? "ended" : "away"));
    say(line.textContent);
  };
  const isHere = (event) => box()?.contains(event.target);
  on("paste dragover drop", (event) => {
    const given = event.clipboardData ?? event.dataTransfer;
    if (!isHere(event) || !given?.types.includes("Files") || !at("chooser") || isNote()) return;
    event.preventDefault();
    if (event.type !== "dragover") [...given.files].forEach(upload);
  });

  // What is typed
  const changed = () => { save(); look(); };
  const insert = (words, source, from = text().selectionStart) => {
    if (wait) return;
    text().setRangeText(words, from, text().selectionEnd, "end");
    if (source) field("source").value = [field("source").value, source].filter(Boolean).join(", ");
    text().focus();
    changed();
  };
  const look = () => {
    const called = isNote() && box().dataset.number && text().value.slice(0, text().selectionStart).match(/(?:^|\s)@([\p{L}\d._-]{0,30})$/u);
    const isOpen = !isNote() && text().value.includes("{{");
    clearTimeout(later);
    later = setTimeout(async () => {
      const names = called && await part(`/colleagues?q=${encodeURIComponent(called[1])}`);
      const filled = isOpen && await part(path("check"), fields());
      if (wait) return;
      at("names").innerHTML = names?.ok ? names.html : "";
      at("filled").innerHTML = filled?.ok ? filled.html : "";
    }, 250);
  };
  on("input", (event) => {
    if (!isHere(event)) return;
    const is = (name) => event.target.matches(`[data-${name}]`), { value, files } = event.target;
    if (is("to")) at("whom").textContent = value;
    if (is("chooser")) { [...files].forEach(upload); event.target.value = ""; }
    else if (is("insert")) { event.target.value = ""; insert(value); }
    else changed();
  });
  on("click", (event) => {
    const over = (name) => event.target.closest?.(`[data-${name}]`), answer = over("answer"), words = over("words"), name = over("name");
    if (!box() || wait) { if (over("undo")) undo(); return; }
    if (answer?.pathname === box().dataset.at) { event.preventDefault(); load(answer.dataset.answer); }
    if (over("remove")) { over("file").remove(); save(); }
    if (over("forget")) { field("source").value = ""; save(); }
    if (words) insert(document.getElementById(words.dataset.words).textContent, words.dataset.of);
    if (name) insert(`@${name.dataset.name} `, "", text().value.lastIndexOf("@", text().selectionStart - 1));
  });
  on("keydown", (event) => { if (event.key === "Escape" && wait) { event.stopImmediatePropagation(); undo(); } }, true);
  const choose = (kind) => {
    const item = kind === "reply" && box()?.dataset.number && document.activeElement.closest(".item-in[id]");
    if (!box() || wait) return false;
    if (item) return load(item.id.slice(5));
    if (kind === "note" || !field("as")[0].disabled) field("as").value = kind;
    text().focus();
    changed();
  };
  onKey("r", () => choose("reply"));
  onKey("n", () => choose("note"));

  // A composer that nobody is in follows what comes meanwhile; in another it is told.
  onPart((root) => {
    if (root.querySelector?.("#composer")) restore();
    if (root.id === "composer-news" && at("came") && isEmpty() && !box().contains(document.activeElement)) renew(fields());
  });
})();
