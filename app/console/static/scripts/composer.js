// The composer: checked, held for some seconds in which it can be undone, sent once. An answer that waits leaves with
// the page; whatever was not confirmed is kept in the browser and said again under the same name, which does it once.
(() => {
  const { onKey, onPart, say } = throughline;
  const HELD = 6;
  const FRAGMENT = { "HX-Request": "true" };
  const composer = () => document.getElementById("composer");
  const csrf = () => JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRF-Token"];
  const place = (form) => `${form.dataset.agent}:${form.dataset.composer}`;
  const isNote = (form) => form.elements.as.value === "note";
  const find = (form, name) => form.querySelector(`[data-${name}]`);
  let wait = null;
  let busy = false;

  const save = (form, held) => {
    const fields = [...new FormData(form)].filter(([name]) => !["csrf", "once", "seen", "about"].includes(name));
    const typed = form.elements.body.value.trim() || find(form, "file");
    throughline.drafts.write(place(form), typed ? { fields, about: form.dataset.picked, held } : null);
  };
  const tell = (form, words, href) => {
    find(form, "told")?.remove();
    const notice = Object.assign(document.createElement("p"), { className: "notice notice-bad", textContent: words });
    notice.dataset.told = "";
    notice.setAttribute("role", "alert");
    if (href) notice.append(" ", Object.assign(document.createElement("a"), { href, textContent: form.dataset.signIn }));
    form.prepend(notice);
  };
  const put = (form, html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const next = holder.content.getElementById("composer");
    if (!next) { tell(form, holder.content.textContent.trim()); return null; }
    const focused = form.contains(document.activeElement);
    form.replaceWith(next);
    htmx.process(next);
    begin(next);
    if (focused || next.querySelector("[role=alert]")) next.elements.body.focus();
    return next;
  };
  const ask = async (form, path, body) => {
    if (busy) return null;
    busy = true;
    try {
      const answer = await fetch(path, { method: body ? "POST" : "GET", body, headers: FRAGMENT });
      if (answer.headers.get("HX-Redirect")) {
        tell(form, form.dataset.ended, `/sign-in?next=${encodeURIComponent(location.pathname)}`);
        return null;
      }
      if (answer.status === 403) { tell(form, form.dataset.stale); return null; }
      return { ok: answer.ok, html: await answer.text() };
    } catch {
      tell(form, form.dataset.away);
      return null;
    } finally { busy = false; }
  };

  const restore = (form) => {
    const draft = throughline.drafts.read(place(form));
    if (!draft.fields || form.elements.body.value || draft.held?.csrf === csrf()) return;
    if (draft.about && draft.about !== form.dataset.picked) { load(form, draft.about); return; }
    for (const [name, value] of draft.fields) {
      if (name === "file") { addFile(form, value); continue; }
      const field = form.elements[name];
      if (field?.tagName === "SELECT" && ![...field.options].some((one) => one.value === value)) continue;
      if (field && !(name === "as" && form.elements.as[0].disabled)) field.value = value;
    }
    if (draft.held) tell(form, form.dataset.unsure);
    show(form);
  };
  const addFile = (form, value) => {
    const [id, size, ...name] = value.split(" ");
    const line = find(form, "file-line").content.cloneNode(true);
    line.querySelector("input").value = value;
    line.querySelector("bdi").textContent = name.join(" ");
    line.querySelector(".stands").textContent = `${Math.ceil(size / 1024)} kB`;
    find(form, "files").append(line);
  };
  const show = (form) => {
    const source = form.elements.source.value, whom = find(form, "whom"), to = form.elements.to;
    find(form, "source").hidden = !source;
    find(form, "source").firstElementChild.textContent = source && form.dataset.from.replace("…", source);
    if (whom && to) whom.textContent = to.value;
  };
  const load = async (form, about) => {
    save(form);
    const answer = await ask(form, `/tickets/${form.dataset.number}/composer${about ? `?about=${about}` : ""}`);
    const next = answer?.ok && put(form, answer.html);
    if (next && about) { next.dataset.picked = about; save(next); }
    if (next && about && !next.elements.as[0].disabled) { next.elements.as.value = "reply"; next.elements.body.focus(); }
  };

  // Checked, held, sent
  const check = async (form) => {
    const body = new URLSearchParams(new FormData(form));
    const answer = await ask(form, `/tickets/${form.dataset.number}/check`, body);
    if (!answer?.ok) { if (answer) put(form, answer.html); return; }
    if (form.elements.body.value.includes("{{")) find(form, "filled").innerHTML = answer.html;
    hold(form, body);
  };
  const hold = (form, body) => {
    const bar = find(form, "wait").content.cloneNode(true).firstElementChild;
    const until = Date.now() + HELD * 1000;
    const tick = () => {
      bar.querySelector("b").textContent = Math.ceil((until - Date.now()) / 1000);
      if (Date.now() >= until) leave();
    };
    wait = { form, body, bar, timer: setInterval(tick, 200) };
    form.elements.body.readOnly = true;
    form.classList.add("composer-pending");
    form.querySelector(".composer-foot").before(bar);
    save(form, { body: String(body), csrf: csrf(), path: form.action, until });
    tick();
    say(bar.innerText);
    find(form, "undo").focus();
  };
  const unhold = () => {
    const { form, bar, timer } = wait;
    clearInterval(timer);
    wait = null;
    form.elements.body.readOnly = false;
    form.classList.remove("composer-pending");
    bar.remove();
    find(form, "filled").textContent = "";
    form.elements.body.focus();
    return form;
  };
  const leave = () => { const { body } = wait; deliver(unhold(), body); };
  const deliver = async (form, body = new URLSearchParams(new FormData(form))) => {
    const answer = await ask(form, form.action, body);
    if (!answer) return;
    if (answer.ok) { throughline.drafts.write(place(form), null); say(isNote(form) ? form.dataset.noted : form.dataset.sentIt); }
    else save(form);
    put(form, answer.html);
  };
  addEventListener("submit", (event) => {
    const form = event.target;
    if (form.id !== "composer") return;
    event.preventDefault();
    if (wait) leave();
    else if (find(form, "uploading")) tell(form, form.dataset.uploads);
    else if (!busy) isNote(form) ? deliver(form) : check(form);
  });
  addEventListener("pagehide", () => {
    if (!wait) return;
    const { form, body } = wait;
    clearInterval(wait.timer);
    save(form, { body: String(body), csrf: csrf(), path: form.action, until: 0 });
    fetch(form.action, { method: "POST", body, headers: FRAGMENT, keepalive: true }).catch(() => {});
  });
  addEventListener("pageshow", (event) => { if (event.persisted && composer()) location.reload(); });
  // What a page left with and nobody confirmed: said again, by the session that began it. Else it is a draft.
  addEventListener("DOMContentLoaded", async () => {
    for (const name of throughline.drafts.names()) {
      const { held, ...draft } = throughline.drafts.read(name);
      if (!held || held.csrf !== csrf() || held.until > Date.now() - 5000) continue;
      const answer = await fetch(held.path, { method: "POST", body: new URLSearchParams(held.body), headers: FRAGMENT }).catch(() => null);
      if (answer?.headers.get("HX-Redirect") || !answer) continue;
      throughline.drafts.write(name, answer.ok ? null : draft);
      if (!answer.ok && composer() && place(composer()) === name) restore(composer());
    }
  });

  // Files
  const upload = (form, file) => {
    const line = document.createElement("li"), bar = document.createElement("progress"), request = new XMLHttpRequest();
    line.append(Object.assign(document.createElement("bdi"), { textContent: file.name }), bar);
    line.dataset.uploading = bar.max = 1;
    bar.ariaLabel = file.name;
    find(form, "files").append(line);
    const fail = (words) => { delete line.dataset.uploading; bar.remove(); line.append(words); say(words); setTimeout(() => line.remove(), 9000); };
    if (file.size > form.dataset.most * 2 ** 20) { fail(form.dataset.large); return; }
    request.upload.onprogress = (event) => { bar.value = event.loaded / event.total; };
    request.onload = () => {
      if (request.status !== 201) { fail(new DOMParser().parseFromString(request.responseText, "text/html").body.textContent.trim()); return; }
      line.outerHTML = request.responseText;
      if (composer()) save(composer());
    };
    request.onerror = () => fail(form.dataset.away);
    request.open("POST", `/uploads?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("X-CSRF-Token", csrf());
    request.setRequestHeader("HX-Request", "true");
    request.send(file);
  };
  const take = (event, files) => {
    const form = event.target.closest?.("#composer");
    if (!form || !files?.length || !find(form, "attach") || isNote(form)) return;
    event.preventDefault();
    for (const one of files) upload(form, one);
  };
  addEventListener("paste", (event) => take(event, event.clipboardData?.files));
  addEventListener("drop", (event) => take(event, event.dataTransfer?.files));
  addEventListener("dragover", (event) => { if (event.target.closest?.("#composer") && event.dataTransfer?.types.includes("Files")) event.preventDefault(); });

  // What is typed
  const insert = throughline.insert = (words, source) => {
    const form = composer();
    if (!form || wait) return;
    const area = form.elements.body;
    area.setRangeText(words, area.selectionStart, area.selectionEnd, "end");
    if (source) form.elements.source.value = [form.elements.source.value, source].filter(Boolean).join(", ");
    show(form);
    save(form);
    area.focus();
  };
  let looking = 0;
  const look = (form) => {
    const area = form.elements.body, before = area.value.slice(0, area.selectionStart);
    const called = isNote(form) && before.match(/(?:^|\s)@([\p{L}\d._-]{0,30})$/u);
    clearTimeout(looking);
    if (!called) find(form, "names").textContent = "";
    if (!called && (isNote(form) || !area.value.includes("{{"))) { find(form, "filled").textContent = ""; return; }
    looking = setTimeout(async () => {
      const there = called ? `/colleagues?q=${encodeURIComponent(called[1])}` : `/tickets/${form.dataset.number}/check`;
      const answer = await fetch(there, called ? { headers: FRAGMENT } : { method: "POST", body: new URLSearchParams(new FormData(form)), headers: FRAGMENT }).catch(() => null);
      if (called && answer?.ok) find(form, "names").innerHTML = await answer.text();
      else if (answer?.ok && !wait) find(form, "filled").innerHTML = await answer.text();
    }, 250);
  };
  const begin = (form) => {
    for (const one of form.querySelectorAll(".composer-scripted")) one.hidden = false;
    restore(form);
  };
  onPart((root) => { const form = root.querySelector?.("#composer"); if (form) begin(form); });
  addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.id !== "composer") return;
    if (event.target.matches("[data-chooser]")) { for (const one of event.target.files) upload(form, one); event.target.value = ""; return; }
    if (event.target.matches("[data-insert]")) { insert(event.target.value); event.target.value = ""; look(form); return; }
    show(form);
    save(form);
    look(form);
  });
  addEventListener("click", (event) => {
    const on = (name) => event.target.closest?.(`[data-${name}]`), form = composer(), about = on("answer");
    if (!form) return;
    if (about && about.pathname === `/tickets/${form.dataset.number}`) { event.preventDefault(); load(form, about.dataset.answer); }
    if (on("undo") && wait) save(unhold());
    if (on("attach")) find(form, "chooser").click();
    if (on("remove")) { on("file").remove(); save(form); }
    if (on("forget")) { form.elements.source.value = ""; show(form); save(form); }
    if (on("seen")) { form.elements.seen.value = on("seen").dataset.seen; on("news").textContent = ""; }
    if (on("words")) insert(document.getElementById(on("words").dataset.words).textContent, on("words").dataset.of);
    if (on("name")) {
      const area = form.elements.body, at = area.value.lastIndexOf("@", area.selectionStart - 1);
      area.setRangeText(`@${on("name").dataset.name} `, at, area.selectionStart, "end");
      find(form, "names").textContent = "";
      save(form);
      area.focus();
    }
  });
  addEventListener("keydown", (event) => { if (event.key === "Escape" && wait) { event.stopImmediatePropagation(); save(unhold()); } }, true);
  // What comes while somebody writes is told here; a composer in which nothing is typed follows it.
  let hearing = 0;
  document.addEventListener("throughline:change", ({ detail }) => {
    clearTimeout(hearing);
    const form = composer();
    if (detail.kind === "change" || detail.customer_id !== form?.dataset.customer) return;
    hearing = setTimeout(async () => {
      const now = composer();
      if (wait || busy || !now) return;
      if (!now.elements.body.value && !find(now, "file")) { load(now, now.dataset.picked); return; }
      const answer = await fetch(`/tickets/${now.dataset.number}/news?seen=${now.elements.seen.value}`, { headers: FRAGMENT }).catch(() => null);
      if (answer?.ok && composer()) find(composer(), "news").innerHTML = await answer.text();
    }, 400);
  });
  const choose = (kind) => {
    const form = composer(), about = kind === "reply" && document.activeElement.closest(".item-in[id]");
    const first = !form && document.querySelector("[data-first-answer]");
    if (first) { location.href = first.href + (kind === "note" ? "?as=note" : ""); return true; }
    if (!form || wait) return false;
    if (about) { load(form, about.id.slice(5)); return true; }
    if (!(kind === "reply" && form.elements.as[0].disabled)) form.elements.as.value = kind;
    form.elements.body.focus();
    save(form);
    return true;
  };
  onKey("r", () => choose("reply"));
  onKey("n", () => choose("note"));
})();
