// A pair or a holding by keyboard: decide, state abroad, show a clear preview for a moment.
//
// Rules this module upholds:
//
// - A clear picture is asked for by a person, is shown for some seconds, and is then removed from the page.
// - The node says how many the officer has looked at today, and when a break is due.
// - X covers everything at once, also while a picture is on its way.

import { announce, post, pushKeys } from "./desk.js";

const SHOWN_MILLISECONDS = 30_000;

class Preview {
  constructor(root) {
    this.root = root;
    this.frame = root.querySelector(".frame");
    this.form = root.querySelector("form");
    this.state = root.querySelector(".preview-state");
    this.rest = root.querySelector(".preview-rest");
    this.slots = Number(root.dataset.slots);
    this.slot = 0;
    this.turn = 0;
    this.timer = null;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.reveal();
    });
    root.querySelector(".cover-all").addEventListener("click", () => this.cover());
  }

  async reveal() {
    this.cover();
    const turn = ++this.turn;
    const answer = await post(this.form.action, { holding: this.form.elements.holding.value, slot: this.slot + 1 });
    if (!answer || turn !== this.turn) return;
    if (!answer.ok) {
      this.tell(answer.headers.get("vigil-fault") ? decodeURIComponent(answer.headers.get("vigil-fault")) : this.root.dataset.sayNone);
      return;
    }
    const { address, count, rest } = await answer.json();
    this.rest.textContent = rest;
    this.rest.hidden = !rest;
    const image = new Image();
    image.alt = "";
    image.addEventListener("load", () => {
      if (turn !== this.turn) return;
      this.frame.replaceChildren(image);
      this.frame.hidden = false;
      this.tell(count);
      this.timer = setTimeout(() => this.cover(), SHOWN_MILLISECONDS);
    });
    image.addEventListener("error", () => turn === this.turn && this.tell(this.root.dataset.sayNone));
    image.src = address;
    this.slot = (this.slot + 1) % this.slots;
  }

  cover() {
    this.turn += 1;
    clearTimeout(this.timer);
    if (this.frame.hidden) return;
    this.frame.replaceChildren();
    this.frame.hidden = true;
    this.tell(this.root.dataset.sayCovered);
  }

  tell(text) {
    this.state.textContent = text;
    announce(text);
  }
}

const previews = [...document.querySelectorAll(".preview")].map((root) => new Preview(root));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") for (const each of previews) each.cover();
});

pushKeys((event) => {
  if (event.altKey || event.shiftKey) return false;
  if (event.code === "KeyX") for (const each of previews) each.cover();
  else if (event.code === "KeyR" && previews.length) previews[0].reveal();
  else if (event.code === "KeyA" && document.getElementById("abroad")) document.getElementById("abroad").click();
  else {
    const button = document.querySelector(`#decision button[data-code="${event.code}"]`);
    if (!button) return false;
    button.form.requestSubmit(button);
  }
  return true;
});
