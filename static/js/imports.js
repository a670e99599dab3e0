"use strict";
// Imports: files dropped and sent with a progress bar, and what is being read followed until it
// is done. Without this file the form sends itself, and the page of an import refreshes itself.

const FOLLOW_EVERY = 2000;

async function follow() {
  const state = document.querySelector("#state[data-live]");
  if (!state) return;
  try {
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("#state");
    if (!fresh) return;
    state.replaceWith(fresh);
  } catch {
    // The server is away for a moment: try again.
  }
  setTimeout(follow, FOLLOW_EVERY);
}
setTimeout(follow, FOLLOW_EVERY);

function upload(form) {
  const zone = form.querySelector(".drop-zone");
  const input = form.querySelector("[type=file]");
  const submit = form.querySelector("[type=submit]");
  const cancel = form.querySelector("[data-cancel]");
  const sending = form.querySelector("[data-sending]");
  const bar = sending.querySelector("progress");
  const said = form.querySelector("[data-said]");
  let request = null;

  const say = (text, isError = false) => {
    said.textContent = text;
    said.classList.toggle("increase", isError);
  };
  const stop = (text) => {
    request = null;
    sending.hidden = cancel.hidden = true;
    submit.disabled = false;
    say(text, true);
  };
  const refused = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    return page.querySelector("[role=alert], main .card p, main p")?.textContent.trim();
  };
  const size = (count) => `${(count / 2 ** 20).toFixed(1)} MB`;

  const send = () => {
    const total = [...input.files].reduce((sum, file) => sum + file.size, 0);
    if (total > Number(form.dataset.maxBytes)) {
      say(`These files have ${size(total)}; at most ${size(form.dataset.maxBytes)} can be sent at once.`, true);
      return;
    }
    request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => {
      bar.value = 100 * event.loaded / event.total;
      say(`${size(event.loaded)} of ${size(event.total)} sent`);
    });
    request.addEventListener("load", (event) => {
      request = null;
      if (event.target.status === 201) location.assign(JSON.parse(event.target.responseText).location);
      else stop(refused(event.target.responseText) || "The files were refused.");
    });
    request.addEventListener("error", () => stop("The connection ended before everything was sent; nothing was kept."));
    request.addEventListener("abort", () => stop("Cancelled; nothing was kept."));
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.send(new FormData(form));
    bar.value = 0;
    sending.hidden = cancel.hidden = false;
    submit.disabled = true;
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!request) send();
  });
  cancel.addEventListener("click", () => request?.abort());
  addEventListener("beforeunload", (event) => {
    if (request) event.preventDefault(); // leaving would end it half-way: the browser asks
  });
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    if (request) {
      say("Please wait until these files are sent, then drop the others.", true);
    } else if (event.dataTransfer.files.length) {
      input.files = event.dataTransfer.files;
      form.requestSubmit();
    }
  });
}
for (const form of document.querySelectorAll("[data-upload]")) upload(form);
