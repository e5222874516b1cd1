// The composer: checked, held for some seconds in which it can be undone, sent once. An answer that waits leaves with
// the page; what nobody confirmed is kept in the browser and said again under the same name, which does it once.
(() => {
  const { onKey, onPart, say } = throughline;
  const HELD = 6, HEADERS = { "HX-Request": "true" };
  const box = () => document.getElementById("composer");
  const at = (name) => box().querySelector(`[data-${name}]`);
  const field = (name) => box().elements[name];
  const text = () => field("body");
  const isNote = () => field("as").value === "note";
  const fields = () => new URLSearchParams(new FormData(box()));
  const csrf = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"];
  const path = (what) => `/tickets/${box().dataset.number}/${what}`;
  const place = () => `${box().dataset.agent}:${box().dataset.composer}`;
  const part = async (where, body) => {
    const answer = await fetch(where, { method: body ? "POST" : "GET", body, headers: HEADERS }).catch(() => null);
    return answer?.ok && !answer.headers.get("HX-Redirect") ? answer.text() : "";
  };
  let wait = null, busy = false, later = 0, hearing = 0;

  const save = (held) => {
    const kept = [...fields()].filter(([name]) => !["csrf", "session", "once", "seen", "about", "file"].includes(name));
    const files = [...box().querySelectorAll("[data-file]")].map((one) => one.outerHTML).join("");
    const typed = text().value.trim() || files;
    if (typed || !throughline.drafts.read(place()).held) throughline.drafts.write(place(), typed ? { kept, files, about: box().dataset.picked, held } : null);
  };
  const restore = () => {
    const draft = throughline.drafts.read(place());
    if (!draft.kept || text().value || draft.held) return;
    if (draft.about && draft.about !== box().dataset.picked) { load(draft.about); return; }
    for (const [name, value] of draft.kept) {
      const one = field(name), options = one?.options;
      if (name === "to" && !options) continue;  // whom it goes to is what is shown
      if (one && !(options && ![...options].some((each) => each.value === value)) && !(name === "as" && one[0].disabled)) one.value = value;
    }
    if (at("files")) at("files").innerHTML = draft.files;
    if (draft.unsure) tell(box().dataset.unsure);
    show();
  };
  const show = () => {
    const source = field("source").value, whom = at("whom");
    at("source").hidden = !source;
    at("source").firstElementChild.textContent = source && box().dataset.from.replace("…", source);
    if (whom && field("to")) whom.textContent = field("to").value;
  };
  const tell = (words, href) => {
    at("told")?.remove();
    const notice = Object.assign(document.createElement("p"), { className: "notice notice-bad", role: "alert", textContent: words });
    notice.dataset.told = "";
    if (href) notice.append(" ", Object.assign(document.createElement("a"), { href, textContent: box().dataset.signIn }));
    box().prepend(notice);
  };
  const put = (html) => {
    const holder = Object.assign(document.createElement("template"), { innerHTML: html });
    const next = holder.content.getElementById("composer"), was = document.activeElement, focused = box().contains(was);
    if (!next) { tell(holder.content.textContent.trim()); return; }
    box().replaceWith(next);
    htmx.process(next);
    begin();
    if (focused || next.querySelector("[role=alert]")) (field(was.name)?.tagName ? field(was.name) : text()).focus();
  };
  const ask = async (where, body) => {
    if (busy) return null;
    busy = true;
    try {
      const answer = await fetch(where, { method: body ? "POST" : "GET", body, headers: HEADERS });
      if (answer.headers.get("HX-Redirect")) tell(box().dataset.ended, `/sign-in?next=${encodeURIComponent(location.pathname)}`);
      else if (answer.status === 403) tell(box().dataset.stale);
      else return { ok: answer.ok, html: await answer.text() };
    } catch { tell(box().dataset.away); } finally { busy = false; }
    return null;
  };
  const load = async (about) => {
    save();
    const answer = await ask(path(`composer${about ? `?about=${about}` : ""}`));
    if (!answer?.ok) return;
    put(answer.html);
    if (!about) return;
    box().dataset.picked = about;
    if (!field("as")[0].disabled) field("as").value = "reply";
    text().focus();
    save();
  };

  // Checked, held, sent
  const check = async () => {
    const body = fields(), answer = await ask(path("check"), body);
    if (!answer) return;
    if (!answer.ok) { put(answer.html); return; }
    if (text().value.includes("{{")) at("filled").innerHTML = answer.html;
    const bar = at("wait").content.cloneNode(true).firstElementChild, until = Date.now() + HELD * 1000;
    const tick = () => {
      bar.querySelector("b").textContent = Math.ceil((until - Date.now()) / 1000);
      if (Date.now() >= until) leave();
    };
    wait = { body, bar, timer: setInterval(tick, 200) };
    text().readOnly = true;
    box().querySelector(".composer-foot").before(bar);
    hold(until);
    tick();
    say(bar.innerText);
    at("undo").focus();
  };
  const hold = (until) => save({ body: String(wait.body), path: box().action, until });
  const undo = () => {
    clearInterval(wait.timer);
    wait.bar.remove();
    wait = null;
    at("filled").textContent = "";
    text().readOnly = false;
    text().focus();
  };
  const leave = () => { const { body } = wait; undo(); deliver(body); };
  const deliver = async (body) => {
    const answer = await ask(box().action, body);
    if (!answer) return;
    if (answer.ok) { throughline.drafts.write(place(), null); say(isNote() ? box().dataset.noted : box().dataset.sentIt); }
    else save();
    put(answer.html);
  };
  addEventListener("submit", (event) => {
    if (event.target !== box()) return;
    event.preventDefault();
    if (wait) leave();
    else if (at("uploading")) tell(box().dataset.uploads);
    else if (isNote()) deliver(fields());
    else check();
  });
  addEventListener("pagehide", () => {
    if (!wait) return;
    clearInterval(wait.timer);
    hold(0);
    fetch(box().action, { method: "POST", body: wait.body, headers: HEADERS, keepalive: true }).catch(() => {});
  });
  addEventListener("pageshow", (event) => { if (event.persisted && box()) location.reload(); });
  // What a page left with and nobody confirmed: said again. What another session began is a draft.
  addEventListener("DOMContentLoaded", async () => {
    for (const name of throughline.drafts.names()) {
      const { held, ...draft } = throughline.drafts.read(name);
      if (!held || held.until > Date.now() - 5000) continue;
      const headers = { ...HEADERS, "X-CSRF-Token": csrf() };
      const answer = await fetch(held.path, { method: "POST", body: new URLSearchParams(held.body), headers }).catch(() => null);
      if (!answer || answer.headers.get("HX-Redirect")) continue;
      throughline.drafts.write(name, answer.ok ? null : { ...draft, unsure: true });
      if (!answer.ok && box() && place() === name) restore();
    }
  });

  // Files
  const upload = (file) => {
    const { away, large, most } = box().dataset, line = document.createElement("li"), bar = document.createElement("progress"), request = new XMLHttpRequest();
    line.append(Object.assign(document.createElement("bdi"), { textContent: file.name }), bar);
    line.dataset.uploading = "";
    bar.ariaLabel = file.name;
    at("files").append(line);
    const fail = (words) => { delete line.dataset.uploading; bar.replaceWith(words); say(words); };
    if (file.size > most * 2 ** 20) { fail(large); return; }
    request.upload.onprogress = (event) => { bar.value = event.loaded / event.total; };
    request.onerror = () => fail(away);
    request.onload = () => {
      if (request.status !== 201) { fail(new DOMParser().parseFromString(request.responseText, "text/html").body.textContent.trim()); return; }
      line.outerHTML = request.responseText;
      save();
    };
    request.open("POST", `/uploads?name=${encodeURIComponent(file.name)}`);
    for (const [name, value] of Object.entries({ ...HEADERS, "X-CSRF-Token": csrf() })) request.setRequestHeader(name, value);
    request.send(file);
  };
  const inBox = (event) => box()?.contains(event.target);
  const take = (event, files) => {
    if (!inBox(event) || !files?.length || !at("attach") || isNote()) return;
    event.preventDefault();
    [...files].forEach(upload);
  };
  addEventListener("paste", (event) => take(event, event.clipboardData?.files));
  addEventListener("drop", (event) => take(event, event.dataTransfer?.files));
  addEventListener("dragover", (event) => { if (inBox(event) && event.dataTransfer?.types.includes("Files")) event.preventDefault(); });

  // What is typed, and what comes meanwhile: a composer that nobody is in follows it
  const changed = () => { show(); save(); look(); };
  throughline.insert = (words, source) => {
    if (!box() || wait) return;
    text().setRangeText(words, text().selectionStart, text().selectionEnd, "end");
    if (source) field("source").value = [field("source").value, source].filter(Boolean).join(", ");
    text().focus();
    changed();
  };
  const look = () => {
    const called = isNote() && text().value.slice(0, text().selectionStart).match(/(?:^|\s)@([\p{L}\d._-]{0,30})$/u);
    const open = !isNote() && text().value.includes("{{");
    clearTimeout(later);
    if (!called) at("names").textContent = "";
    if (!open) at("filled").textContent = "";
    if (called || open) later = setTimeout(async () => {
      const html = await (called ? part(`/colleagues?q=${encodeURIComponent(called[1])}`) : part(path("check"), fields()));
      if (box() && !wait) at(called ? "names" : "filled").innerHTML = html;
    }, 250);
  };
  document.addEventListener("throughline:change", ({ detail }) => {
    if (detail.kind === "change" || detail.customer_id !== box()?.dataset.customer) return;
    clearTimeout(hearing);
    hearing = setTimeout(async () => {
      if (wait || busy || !box()) return;
      if (!text().value && !at("file") && !box().contains(document.activeElement)) { load(box().dataset.picked); return; }
      const html = await part(path(`news?seen=${field("seen").value}`));
      if (box()) at("news").innerHTML = html;
    }, 400);
  });
  const begin = () => {
    for (const one of box().querySelectorAll(".composer-scripted")) one.hidden = false;
    restore();
    throughline.composed?.();
  };
  onPart((root) => { if (root.querySelector?.("#composer")) begin(); });
  addEventListener("input", (event) => {
    if (!inBox(event)) return;
    const on = (name) => event.target.matches(`[data-${name}]`), { value, files } = event.target;
    if (on("chooser")) { [...files].forEach(upload); event.target.value = ""; }
    else if (on("insert")) { event.target.value = ""; throughline.insert(value); }
    else changed();
  });
  addEventListener("click", (event) => {
    const on = (name) => event.target.closest?.(`[data-${name}]`), answer = on("answer");
    if (!box()) return;
    if (answer?.pathname === path("say").slice(0, -4)) { event.preventDefault(); load(answer.dataset.answer); }
    if (on("undo") && wait) { undo(); save(); }
    if (on("attach")) at("chooser").click();
    if (on("remove")) { on("file").remove(); save(); }
    if (on("forget")) { field("source").value = ""; changed(); }
    if (on("seen")) { field("seen").value = on("seen").dataset.seen; at("news").textContent = ""; }
    if (on("words")) throughline.insert(document.getElementById(on("words").dataset.words).textContent, on("words").dataset.of);
    if (on("name")) {
      text().setRangeText(`@${on("name").dataset.name} `, text().value.lastIndexOf("@", text().selectionStart - 1), text().selectionStart, "end");
      text().focus();
      changed();
    }
  });
  addEventListener("keydown", (event) => { if (event.key === "Escape" && wait) { event.stopImmediatePropagation(); undo(); save(); } }, true);
  const choose = (kind) => {
    const first = document.querySelector("[data-first-answer]"), item = kind === "reply" && document.activeElement.closest(".item-in[id]");
    if (!box() && first) { location.href = `${first.href}?as=${kind}`; return true; }
    if (!box() || wait) return false;
    if (item) { load(item.id.slice(5)); return true; }
    if (kind === "note" || !field("as")[0].disabled) field("as").value = kind;
    text().focus();
    changed();
    return true;
  };
  onKey("r", () => choose("reply"));
  onKey("n", () => choose("note"));
})();
