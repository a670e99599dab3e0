"use strict";
// Progressive enhancement only: every page works without this file.

const all = (selector) => document.querySelectorAll(selector);

async function copy(button) {
  const source = document.querySelector(button.dataset.copy);
  const label = button.querySelector("span");
  const before = label.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    label.textContent = "Copied";
  } catch {
    // On plain http there is no clipboard: select the text, so that the keys copy it.
    getSelection().selectAllChildren(source);
    label.textContent = "Press Ctrl+C";
  }
  setTimeout(() => { label.textContent = before; }, 2500);
}

for (const button of all("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}

// A link or button that leads to a confirmation page opens the dialog of the same question instead.
for (const opener of all("[data-dialog]")) {
  opener.addEventListener("click", (event) => {
    event.preventDefault();
    document.querySelector(opener.dataset.dialog).showModal();
  });
}
for (const closer of all("[data-close]")) {
  closer.hidden = false;
  closer.addEventListener("click", () => closer.closest("dialog").close());
}

// The submit button waits until the name of what is to be destroyed has been typed.
for (const input of all("[data-must]")) {
  const submit = input.form.querySelector("[type=submit]");
  const update = () => { submit.disabled = input.value.trim() !== input.dataset.must; };
  input.addEventListener("input", update);
  update();
}

for (const select of all("select[data-submit]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

// Instants are written in UTC; the reader's own time is one hover away.
for (const time of all("time[datetime*='T']")) {
  time.title = new Date(time.dateTime).toLocaleString();
}
for (const time of all("time[data-local]")) {
  time.textContent = new Date(time.dateTime).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  time.closest("[hidden]")?.removeAttribute("hidden");
}

// Keyboard: g and the letter of a page; ? lists them.
const shortcuts = document.querySelector("#shortcuts");
let wentToGo = 0;
document.addEventListener("keydown", (event) => {
  const isTyping = /INPUT|SELECT|TEXTAREA/.test(event.target.tagName);
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping || document.querySelector("dialog[open]")) return;
  if (event.key === "g") { wentToGo = Date.now(); return; }
  if (event.key === "?") shortcuts?.showModal();
  else if (Date.now() - wentToGo < 1000) document.querySelector(`.nav a[data-key="${CSS.escape(event.key)}"]`)?.click();
  wentToGo = 0;
});
