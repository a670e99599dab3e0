"use strict";
// "Try it" in the API guide. The key is read from its field at each call and kept nowhere else.

const keyField = document.querySelector("#try-key");
const keyCard = document.querySelector("[data-try-key]");

async function send(call) {
  const status = call.querySelector("[data-status]");
  const answer = call.querySelector("[data-answer]");
  const key = keyField.value.trim();
  answer.hidden = true;
  if (!key) {
    status.textContent = "Type a key at the top of the page first.";
    keyField.focus();
    return;
  }
  const body = call.querySelector("[data-body]")?.value;
  const headers = { "X-API-Key": key };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  status.textContent = "Sending …";
  try {
    const path = call.querySelector("[data-path]").value;
    const response = await fetch(call.dataset.base + path, {
      method: call.dataset.method, headers, body, credentials: "omit", cache: "no-store",
    });
    status.textContent = `${response.status} ${response.statusText}`;
    answer.textContent = await readable(response);
    answer.hidden = false;
  } catch {
    status.textContent = "The call could not be sent.";
  }
}

async function readable(response) {
  if (!response.headers.get("Content-Type")?.startsWith("application/json")) {
    return `${(await response.blob()).size} bytes of ${response.headers.get("Content-Type")}`;
  }
  return JSON.stringify(await response.json(), null, 2);
}

for (const call of document.querySelectorAll("[data-try]")) {
  call.hidden = false;
  keyCard.hidden = false;
  call.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    send(call);
  });
}
// The browser may keep the page for its back button: without the key.
addEventListener("pagehide", () => { keyField.value = ""; });
