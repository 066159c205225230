// What every page does: the sign-in above a page whose session ended, drafts, times of the officer's own clock, help for keys.
//
// Rules this module upholds:
//
// - A page works without it, but for keys and live parts.
// - It makes no HTML from text: elements and textContent only (Trusted Types).
// - Keys are read by `event.code`, because an Arabic keyboard gives other letters. Only one layer of keys is active.

const page = document.documentElement;

/** Times in the officer's own zone, beside the UTC that the server wrote. */
function localTimes(root) {
  const form = new Intl.DateTimeFormat(page.lang, { dateStyle: "medium", timeStyle: "short" });
  for (const each of root.querySelectorAll("time[datetime]:not([title])")) {
    const at = new Date(each.dateTime);
    if (!Number.isNaN(at.getTime())) each.title = form.format(at);
  }
}

/** Says something to a screen reader. */
export function announce(text) {
  const place = document.getElementById("announcements");
  if (place) place.textContent = text;
}

/** Where the keys of this moment go: the last layer that was opened. */
const layers = [];
export function pushKeys(layer) {
  layers.push(layer);
  return () => layers.splice(layers.indexOf(layer), 1);
}

function isTyping(target) {
  return target instanceof Element && target.closest("input:not([type=checkbox],[type=radio]), textarea, select, [contenteditable]") !== null;
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey) return;
  const layer = layers.at(-1);
  if (layer && !isTyping(event.target) && layer(event)) event.preventDefault();
});

// Ctrl+Enter sends the form in which a person types.
document.addEventListener("keydown", (event) => {
  if (event.code === "Enter" && event.ctrlKey && event.target instanceof Element) event.target.closest("form")?.requestSubmit();
});

// A request whose session has ended: the sign-in opens in a window of its own, and the page stays as it is.
document.addEventListener("htmx:after:request", (event) => {
  const needs = event.detail.ctx?.response?.headers?.get("vigil-needs");
  if (needs) askAgain(needs);
});

export function askAgain(needs) {
  const dialog = document.getElementById(needs === "factor" ? "needs-factor" : "needs-sign-in");
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
}

/** A POST by a script. Returns the response, or null after it asked for a sign-in. */
export async function post(address, fields) {
  const response = await fetch(address, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { "HX-Request": "true" },
    redirect: "error",
  });
  const needs = response.headers.get("vigil-needs");
  if (needs) {
    askAgain(needs);
    return null;
  }
  return response;
}

// A draft is saved a moment after the last key, at the server: nothing of it stays in the browser.
const DRAFT_MILLISECONDS = 800;
const waiting = new Map();
document.addEventListener("input", (event) => {
  const field = event.target;
  if (!(field instanceof HTMLTextAreaElement) || !field.dataset.draft) return;
  clearTimeout(waiting.get(field));
  waiting.set(field, setTimeout(() => saveDraft(field), DRAFT_MILLISECONDS));
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "hidden") return;
  for (const [field, timer] of waiting) {
    clearTimeout(timer);
    saveDraft(field);
  }
});

async function saveDraft(field) {
  waiting.delete(field);
  const state = document.getElementById(`${field.id}-state`);
  try {
    const response = await post("/drafts", { form: field.dataset.draft, text: field.value });
    if (state) state.textContent = response?.ok ? state.dataset.saved : state.dataset.unsaved;
  } catch {
    if (state) state.textContent = state.dataset.unsaved;
  }
}

localTimes(document);
document.addEventListener("htmx:after:swap", () => localTimes(document));
