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

// What is chosen applies at once (several boxes ticked in a row, together), and the reader stays there.
const submitters = [...all("[data-submit]")];
const isSame = (input, name, value, nth) => input.name === name
  && (input.type === "checkbox" ? input.value === value : submitters.filter((i) => i.name === name).indexOf(input) === nth);
let waiting;
function apply(input) {
  const nth = submitters.filter((other) => other.name === input.name).indexOf(input);
  sessionStorage.setItem("chosen", JSON.stringify([location.pathname, scrollY, input.name, input.value, nth]));
  for (const kept of input.form.querySelectorAll("[data-keep]")) kept.disabled = false;
  input.form.requestSubmit();
}
for (const input of submitters) {
  input.addEventListener("change", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, input.type === "checkbox" ? 400 : 0, input);
  });
}
const [chosenOn, scrolled, ...chosen] = JSON.parse(sessionStorage.getItem("chosen") ?? "[]");
sessionStorage.removeItem("chosen");
if (chosenOn === location.pathname) {
  scrollTo(0, scrolled);
  submitters.find((input) => isSame(input, ...chosen))?.focus({ preventScroll: true });
}

// Instants are written in UTC; the reader's own time is one hover away.
for (const time of all("time[datetime*='T']")) {
  time.title = new Date(time.dateTime).toLocaleString();
}
for (const time of all("time[data-local]")) {
  time.textContent = new Date(time.dateTime).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  time.closest("[hidden]")?.removeAttribute("hidden");
}

// Charts: the tooltip reads the table under the chart, so that it says the same words.
function tooltipRow(name, value, colour, className = "") {
  const row = document.createElement("div");
  row.className = className;
  if (colour) {
    const dot = document.createElement("span");
    dot.className = `dot s${colour}`;
    row.append(dot);
  }
  const label = document.createElement("bdi");
  label.textContent = name;
  const amount = document.createElement("span");
  amount.className = "num";
  amount.textContent = value;
  row.append(label, amount);
  return row;
}

function chart(figure) {
  const area = figure.querySelector(".area");
  const tip = figure.querySelector(".tip");
  const cursor = figure.querySelector(".cursor");
  const status = figure.querySelector("[role=status]");
  const headings = [...figure.querySelectorAll("thead th")];
  const rows = [...figure.querySelectorAll("tbody tr")];
  let at = -1;

  const amounts = (row) => [...row.cells].map((cell, i) => ({
    name: headings[i].textContent,
    colour: headings[i].dataset.colour,
    text: cell.textContent,
  })).slice(1);

  const show = (index, isSpoken) => {
    at = Math.max(0, Math.min(rows.length - 1, index));
    const row = rows[at];
    const series = amounts(row).filter((a) => a.colour && a.text);
    const sums = amounts(row).filter((a) => !a.colour && a.text);
    const title = document.createElement("b");
    title.textContent = row.cells[0].textContent;
    tip.replaceChildren(
      title,
      ...series.map((a) => tooltipRow(a.name, a.text, a.colour)),
      ...sums.map((a, i) => tooltipRow(a.name, a.text, "", i ? "muted" : "sum")),
    );
    area.dataset.at = at;
    cursor.setAttribute("x", at * 10);
    tip.hidden = false;
    tip.classList.toggle("right", at < rows.length / 2);
    if (isSpoken) status.textContent = `${title.textContent}: ${(sums[0] ?? series[0]).text}`;
  };
  const hide = () => {
    tip.hidden = true;
    delete area.dataset.at;
  };

  area.addEventListener("pointermove", (event) => {
    const box = area.getBoundingClientRect();
    show(Math.floor((event.clientX - box.left) / box.width * rows.length));
  });
  area.addEventListener("pointerleave", hide);
  area.addEventListener("blur", hide);
  area.addEventListener("keydown", (event) => {
    const from = at < 0 ? rows.length : at;
    const target = {
      ArrowLeft: from - 1, ArrowRight: at + 1, PageUp: from - 7, PageDown: at + 7, Home: 0, End: rows.length - 1,
    }[event.key];
    if (event.key === "Escape") hide();
    if (target === undefined) return;
    event.preventDefault();
    show(target, true);
  });
  for (const link of figure.querySelectorAll(".legend a")) {
    const light = (isOn) => {
      area.classList.toggle("dimmed", isOn);
      for (const bars of area.querySelectorAll(`.bars.s${link.dataset.colour}`)) bars.classList.toggle("hot", isOn);
    };
    for (const name of ["pointerenter", "focus"]) link.addEventListener(name, () => light(true));
    for (const name of ["pointerleave", "blur"]) link.addEventListener(name, () => light(false));
  }
}
for (const figure of all("[data-chart]")) chart(figure);

// Where the key of a tag is typed, its values are suggested.
for (const form of all("form[data-tag-values]")) {
  form.addEventListener("change", async (event) => {
    const number = event.target.name.match(/^key_(\d+)$/)?.[1];
    const list = document.getElementById(`values-of-${number}`);
    if (!list || !event.target.value.trim()) return;
    const query = new URLSearchParams({ key: event.target.value.trim() });
    const answer = await fetch(`${form.dataset.tagValues}?${query}`);
    const values = answer.ok ? (await answer.json()).values : [];
    list.replaceChildren(...values.map((value) => {
      const option = document.createElement("option");
      option.value = value;
      return option;
    }));
  });
}

// Panels that hang below a button close when something else is used, or by Escape.
const closePanels = (inside) => {
  for (const panel of all("details.drop[open]")) {
    if (!panel.contains(inside)) panel.open = false;
  }
};
document.addEventListener("click", (event) => closePanels(event.target));
document.addEventListener("keydown", (event) => { if (event.key === "Escape") closePanels(null); });

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
