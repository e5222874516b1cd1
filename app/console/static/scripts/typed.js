// What was typed into a form whose session had ended is in it again after signing in: kept in this tab until the next
// page, never a secret. The server leads back with `#typed`.
(() => {
  const { all, find, on, tell } = throughline;
  const NAME = "typed", MARK = "#typed";
  const asked = (form) => [...form.elements].filter((one) => one.name && !one.matches("[type=hidden], [type=password], [type=file], button"));
  const alike = (action) => all("form[method=post]").filter((one) => one.getAttribute("action") === action);
  const keep = (form) => {
    const names = asked(form).map((one) => one.name), action = form.getAttribute("action");
    const fields = [...new FormData(form)].filter(([name]) => names.includes(name));
    try { sessionStorage.setItem(NAME, JSON.stringify({ action, at: alike(action).indexOf(form), fields })); } catch { /* full */ }
  };
  on("submit", ({ target }) => { if (target.method === "post" && target.id !== "composer") keep(target); }, true);
  on("click", ({ target }) => {
    if (target.id !== "sign-in-again") return;
    const form = find("dialog[data-doing] form[method=post]"), { pathname, search } = location;
    if (form) keep(form);
    target.href = `/sign-in?next=${encodeURIComponent(form ? form.getAttribute("action") + MARK : pathname + search)}`;
  }, true);
  const restore = ({ action, at, fields }) => {
    const form = alike(action)[at];
    for (const one of form ? asked(form) : []) {
      const said = fields.filter(([name]) => name === one.name), values = said.map((pair) => pair[1]);
      if (one.matches("[type=checkbox], [type=radio]")) one.checked = values.includes(one.value);
      else if (one.multiple) for (const option of one.options) option.selected = values.includes(option.value);
      else if (said.length) { one.value = values[0]; fields.splice(fields.indexOf(said[0]), 1); }
    }
    if (!form) return;
    for (let one = form; one; one = one.parentElement) if (one.matches("details")) one.open = true;
    asked(form)[0]?.focus();
    tell("back");
  };
  const was = sessionStorage.getItem(NAME);
  sessionStorage.removeItem(NAME);
  if (location.hash !== MARK) return;
  history.replaceState(null, "", location.pathname + location.search);
  if (was) restore(JSON.parse(was));
})();
