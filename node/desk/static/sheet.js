// Triage of a sheet by keyboard: move, select, decide, undo.
//
// Rules this module upholds:
//
// - The page has sixty tiles and keeps them: another sheet changes what they show, so that the page never grows.
// - An arrow goes where it points on the screen: in a page from right to left, the tile on the left is the next one.
// - "saved" is said when the node has answered that it is durable. A decision that failed is taken back on the tile.
// - Decisions are sent one after another, in the order in which they were made.

import { announce, post, pushKeys } from "./desk.js";

const COLUMNS = 10;
const TILES = 60;
const triage = document.getElementById("triage");

class Sheet {
  constructor(root) {
    this.root = root;
    this.say = root.dataset;
    this.list = document.getElementById("tiles");
    this.tiles = [...this.list.children];
    this.spare = this.tiles.slice();
    this.sheet = Number(root.dataset.sheet);
    this.sheets = Number(root.dataset.sheets);
    this.total = Number(root.dataset.total);
    this.at = 0;
    this.anchor = 0;
    this.selected = new Set();
    this.done = [];
    this.queue = Promise.resolve();
    this.waiting = 0;
    this.ahead = new Map();
    this.covers = new CSSStyleSheet();
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.covers];
    this.keys = new Map([...document.querySelectorAll("#decisions [data-key]")].map((each) => [each.dataset.key, each.value]));
    this.isMirrored = getComputedStyle(this.list).direction === "rtl";
    this.numbers = new Intl.NumberFormat(document.documentElement.lang);
    this.showCovers(this.sheet);
    this.look(0, false);
    this.prepare(this.sheet + 1);
  }

  // ---- moving

  count() {
    return Math.min(TILES, this.total - this.sheet * TILES);
  }

  async move(by, isRange) {
    const to = this.sheet * TILES + this.at + by;
    if (to < 0 || to >= this.total) return;
    const sheet = Math.floor(to / TILES);
    if (sheet !== this.sheet) {
      if (!(await this.open(sheet))) return;
      isRange = false;
    }
    this.look(to % TILES, isRange);
  }

  look(at, isRange) {
    const before = this.tiles[this.at];
    if (before) before.tabIndex = -1;
    this.at = at;
    const now = this.tiles[at];
    now.tabIndex = 0;
    now.focus({ preventScroll: false });
    if (isRange) this.selectRange();
    else this.anchor = at;
  }

  selectRange() {
    const [from, to] = [Math.min(this.anchor, this.at), Math.max(this.anchor, this.at)];
    this.select(new Set(Array.from({ length: to - from + 1 }, (_, n) => from + n)));
  }

  select(wanted) {
    for (const at of new Set([...this.selected, ...wanted])) {
      this.tiles[at]?.setAttribute("aria-selected", String(wanted.has(at)));
    }
    this.selected = wanted;
    const shown = document.getElementById("selected");
    shown.hidden = wanted.size === 0;
    shown.textContent = wanted.size ? `+${this.numbers.format(wanted.size)}` : "";
  }

  toggle() {
    const wanted = new Set(this.selected);
    if (!wanted.delete(this.at)) wanted.add(this.at);
    this.select(wanted);
  }

  // ---- other sheets

  prepare(sheet) {
    if (sheet < 0 || sheet >= this.sheets || this.ahead.has(sheet)) return;
    const asked = fetch(`${this.say.part}?sheet=${sheet}`, { headers: { "HX-Request": "true" } })
      .then((answer) => (answer.ok ? answer.json() : null))
      .catch(() => null);
    this.ahead.set(sheet, asked);
    if (this.say.covers) new Image().src = `${this.say.covers}?sheet=${sheet}`;
    while (this.ahead.size > 3) this.ahead.delete(this.ahead.keys().next().value);
  }

  async open(sheet) {
    this.prepare(sheet);
    const seen = await this.ahead.get(sheet);
    this.ahead.delete(sheet);
    if (seen === null) {
      location.assign(this.address(sheet));
      return false;
    }
    this.select(new Set());
    this.sheet = sheet;
    this.show(seen.tiles);
    this.showCovers(sheet);
    document.getElementById("sheet-number").textContent = this.numbers.format(sheet + 1);
    history.replaceState(null, "", this.address(sheet));
    this.prepare(sheet + 1);
    this.prepare(sheet - 1);
    return true;
  }

  address(sheet) {
    const address = new URL(location.href);
    address.searchParams.set("sheet", String(sheet));
    return address.href;
  }

  show(rows) {
    const byPlace = new Map(rows.map((row) => [row.at, row]));
    while (this.tiles.length > rows.length) this.spare[this.tiles.length - 1].remove(), this.tiles.pop();
    rows.forEach((row, n) => {
      let tile = this.spare[n];
      if (!tile) {
        tile = this.spare[0].cloneNode(true);
        tile.tabIndex = -1;
        this.spare.push(tile);
      }
      if (this.tiles.length <= n) {
        this.list.append(tile);
        this.tiles.push(tile);
      }
      this.fill(tile, row);
    });
    return byPlace;
  }

  fill(tile, row) {
    tile.id = `tile-${row.at}`;
    tile.className = `tile at-${row.at} ${row.kind}`;
    tile.ariaPosInSet = String(row.place + 1);
    tile.dataset.at = row.at;
    tile.dataset.place = row.place;
    tile.dataset.holding = row.holding;
    tile.querySelector(".holding").textContent = row.holding;
    tile.querySelector(".kind").textContent = row.kind_text;
    const hits = tile.querySelector(".hits");
    hits.hidden = row.hits === 0;
    hits.classList.toggle("new", row.new > 0);
    hits.textContent = row.hits_text;
    this.mark(tile, row.category, row.version);
  }

  mark(tile, category, version) {
    tile.dataset.category = category;
    tile.dataset.version = version;
    tile.querySelector(".said").textContent = category.slice(category.lastIndexOf(":") + 1) || this.say.sayUndecided;
  }

  showCovers(sheet) {
    if (this.say.covers) this.covers.replaceSync(`.tile .cover { background-image: url("${this.say.covers}?sheet=${sheet}"); }`);
  }

  // ---- deciding

  chosen() {
    return this.selected.size ? [...this.selected].sort((a, b) => a - b) : [this.at];
  }

  decide(category) {
    const tiles = this.chosen().map((at) => this.tiles[at]);
    const before = tiles.map((tile) => ({ holding: tile.dataset.holding, category: tile.dataset.category, version: tile.dataset.version }));
    for (const tile of tiles) {
      this.mark(tile, category, tile.dataset.version);
      tile.classList.add("saving");
    }
    this.send(this.say.decide, [...before.map((each) => ["holding", each.holding]), ["category", category]], before, true);
    if (this.selected.size) this.select(new Set());
    else this.move(1, false);
  }

  undo() {
    const last = this.done.pop();
    if (!last) {
      this.tell(this.say.sayNothingToUndo);
      return;
    }
    const fields = last.flatMap((each) => [["holding", each.holding], ["version", each.version]]);
    const before = last.map((each) => {
      const tile = this.tileOf(each.holding);
      return { holding: each.holding, category: tile?.dataset.category ?? "", version: each.version };
    });
    this.send(this.say.undo, fields, before, false);
  }

  tileOf(holding) {
    return this.tiles.find((tile) => tile.dataset.holding === String(holding));
  }

  send(address, fields, before, isDecision) {
    this.waiting += 1;
    this.tell(this.say.saySaving);
    this.queue = this.queue.then(() => this.sent(address, fields, before, isDecision));
  }

  async sent(address, fields, before, isDecision) {
    let said = null;
    try {
      const answer = await post(address, fields);
      if (answer?.ok) said = (await answer.json()).said;
    } catch {
      said = null;
    }
    this.waiting -= 1;
    if (said === null) {
      for (const each of before) this.settle(each.holding, each.category, each.version);
      this.tell(this.say.sayFailed);
      return;
    }
    for (const each of said) this.settle(each.holding, each.category, each.version);
    const changed = said.filter((each) => each.changed);
    if (isDecision && changed.length) this.done.push(changed);
    if (!isDecision && changed.length < said.length) this.tell(this.say.sayKept);
    else if (this.waiting === 0) this.tell(this.say.saySaved);
  }

  settle(holding, category, version) {
    const tile = this.tileOf(holding);
    if (!tile) return;
    tile.classList.remove("saving");
    this.mark(tile, category, version);
  }

  tell(text) {
    document.getElementById("save-state").textContent = text;
  }

  async nextUndecided() {
    await this.queue;
    const after = this.sheet * TILES + this.at;
    const answer = await fetch(`${this.say.next}?after=${after}`, { headers: { "HX-Request": "true" } });
    if (!answer.ok) return;
    const { place } = await answer.json();
    if (place === null) {
      announce(this.say.sayNoneLeft);
      this.tell(this.say.sayNoneLeft);
      return;
    }
    const sheet = Math.floor(place / TILES);
    if (sheet === this.sheet || (await this.open(sheet))) this.look(place % TILES, false);
  }

  // ---- keys

  key(event) {
    if (event.altKey) return false;
    const row = this.isMirrored ? -1 : 1;
    const steps = { ArrowRight: row, ArrowLeft: -row, ArrowDown: COLUMNS, ArrowUp: -COLUMNS };
    if (event.code in steps) {
      this.move(steps[event.code], event.shiftKey);
      return true;
    }
    const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code);
    if (digit && this.keys.has(digit[1]) && !event.shiftKey) {
      this.decide(this.keys.get(digit[1]));
      return true;
    }
    const acts = {
      Space: () => this.toggle(),
      KeyU: () => this.undo(),
      KeyN: () => this.nextUndecided(),
      Home: () => this.look(0, event.shiftKey),
      End: () => this.look(this.count() - 1, event.shiftKey),
      PageDown: () => this.sheet + 1 < this.sheets && this.open(this.sheet + 1).then((is) => is && this.look(0, false)),
      PageUp: () => this.sheet > 0 && this.open(this.sheet - 1).then((is) => is && this.look(0, false)),
      Enter: () => location.assign(`/holdings/${this.tiles[this.at].dataset.holding}`),
      Escape: () => this.select(new Set()),
    };
    if (!(event.code in acts) || (event.code === "Enter" && event.target.closest("button, a"))) return false;
    if (event.code === "Space" && event.target.closest("button, a")) return false;
    acts[event.code]();
    return true;
  }
}

if (triage) {
  const sheet = new Sheet(triage);
  pushKeys((event) => sheet.key(event));
  sheet.list.addEventListener("click", (event) => {
    const tile = event.target.closest(".tile");
    if (!tile) return;
    sheet.look(Number(tile.dataset.at), event.shiftKey);
    if (event.ctrlKey || event.metaKey) sheet.toggle();
  });
  document.getElementById("decisions").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.key) sheet.decide(button.value);
    else if (button?.id === "undo") sheet.undo();
    else if (button?.id === "next-undecided") sheet.nextUndecided();
  });
}
