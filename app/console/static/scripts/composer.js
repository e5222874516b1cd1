// The composer's keys: answer, or note.
(() => {
  const { onKey } = throughline;
  const say = (kind) => {
    const choice = document.querySelector(`.composer [value="${kind}"]`);
    if (!choice) return;
    choice.checked = true;
    document.querySelector(".composer textarea").focus();
  };
  onKey("r", () => say("reply"));
  onKey("n", () => say("note"));
})();
