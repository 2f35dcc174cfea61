// The page: the list, the view, and what pointing, dragging, keys and clicks do.
const get = (id) => document.getElementById(id);
const add = (parent, tag, className, text) => {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return parent.appendChild(element);
};
const TOP = 20; // mutations listed
const CLOSEST = 20; // positions shown at least
const FIRST = 12; // pixels a position has at first
const state = { track: 0, sequence: null, shown: null, view: null, pointed: null, listed: [] };

const order = {
  strongest: (one, other) =>
    Math.abs(other.tracks[state.track].strongest) - Math.abs(one.tracks[state.track].strongest),
  index: (one, other) => one.index - other.index,
  name: (one, other) => one.name.localeCompare(other.name, "en", { numeric: true }),
  reference: (one, other) => other.tracks[state.track].reference - one.tracks[state.track].reference,
};

const list = () => {
  const wanted = get("search").value.trim().toLowerCase();
  state.listed = data.sequences
    .filter(({ name, region }) => `${name} ${region || ""}`.toLowerCase().includes(wanted))
    .sort((one, other) => order[get("sort").value](one, other) || one.index - other.index);
  get("list").replaceChildren();
  for (const sequence of state.listed) {
    const track = sequence.tracks[state.track], item = add(get("list"), "li", "");
    item.setAttribute("role", "option");
    item.id = `sequence-${sequence.index}`;
    item.title = sequence.name;
    add(item, "b", "", sequence.name);
    add(item, "span", "", number(track.strongest));
    add(item, "span", "place", sequence.region || (track.reference === null ? "" : `prediction ${number(track.reference)}`));
    item.addEventListener("click", () => choose(sequence));
  }
  get("none").hidden = state.listed.length > 0;
  mark();
};

const mark = () => {
  for (const item of get("list").children) {
    item.setAttribute("aria-selected", String(item.id === `sequence-${state.sequence?.index}`));
  }
  if (state.sequence) get("list").setAttribute("aria-activedescendant", `sequence-${state.sequence.index}`);
};

const choose = (sequence) => {
  const same = state.sequence === sequence;
  state.sequence = sequence;
  state.shown = unpack(sequence, state.track);
  state.pointed = null;
  const { positions, track } = state.shown;
  get("name").textContent = sequence.name;
  get("prediction").textContent = [sequence.region, track.reference === null ? "" : `${data.tracks[state.track]} = ${number(track.reference)}`]
    .filter(Boolean).join("  ·  ");
  const best = strongest(state.shown, TOP);
  if (!same || !state.view) {
    const width = Math.min(Math.floor((get("logo").clientWidth - LEFT) / FIRST), positions);
    look(best.length ? best[0][1] + 0.5 - width / 2 : 0, width);
  }
  listTop(best);
  mark();
  draw();
};

const listTop = (best) => {
  const body = get("top").tBodies[0];
  body.replaceChildren();
  for (const [row, at, effect] of best) {
    const line = add(body, "tr", ""), held = state.shown.held[at];
    add(line, "td", "", place(at));
    add(line, "td", "", `${held < 0 ? state.shown.sequence.text[at] : data.labels[held]} → ${data.labels[row]}`);
    add(line, "td", "number", number(state.shown.value(row, at)));
    add(line, "td", "number", number(prediction(state.shown, row, at, effect)));
    line.addEventListener("click", () => {
      const width = Math.min(state.view.to - state.view.from, 60);
      look(at + 0.5 - width / 2, width);
      point(row, at);
    });
  }
};

// Show so many positions from one on, as far as there are any.
const look = (from, width) => {
  const { positions } = state.shown;
  const wide = Math.min(Math.max(width, Math.min(CLOSEST, positions)), positions);
  const start = Math.round(Math.min(Math.max(from, 0), positions - wide));
  state.view = { from: start, to: start + Math.round(wide), limit: positions };
  draw();
};
const zoom = (times, middle) => {
  const { from, to } = state.view, wide = (to - from) * times;
  const at = middle === undefined ? (from + to) / 2 : middle;
  look(at - ((at - from) / (to - from)) * wide, wide);
};

let waiting = false;
const draw = () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    const { shown, view, pointed } = state;
    drawOverview(get("overview"), shown, view);
    drawLogo(get("logo"), shown, view);
    drawHeat(get("heat"), shown, view, pointed);
    drawScale(get("scale"), shown);
    get("range").textContent = `${data.start + view.from} – ${data.start + view.to - 1}`;
  });
};

const point = (row, at) => {
  const { shown } = state, held = shown.held[at];
  state.pointed = { row, at };
  const own = held < 0 ? 0 : shown.change(held, at), value = shown.value(row, at);
  const after = prediction(shown, row, at, shown.change(row, at) - own);
  const letter = held < 0 ? shown.sequence.text[at] : data.labels[held];
  const change = row === held ? `${letter}, as it is` : `${letter} → ${data.labels[row]}`;
  const where = `position ${place(at)}${genomic(shown.sequence, at)}`;
  get("hover").textContent = Number.isNaN(value)
    ? `${where}: nothing was written here`
    : `${where}: ${change} · ${data.score} ${number(value)}` +
      (after === null ? "" : ` · prediction ${number(after)}`) +
      ` · contribution of ${letter} ${number(shown.height(at))}`;
  draw();
};

const positionAt = (canvas, event) => {
  const box = canvas.getBoundingClientRect(), unit = step(canvas, state.view);
  const at = state.view.from + (event.clientX - box.left - LEFT) / unit;
  return Math.min(Math.max(at, state.view.from), state.view.to - 1e-6);
};

const dragged = (canvas, move) => {
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    move(event, event);
    canvas.onpointermove = (next) => move(next, event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => { canvas.onpointermove = null; });
  }
};

for (const canvas of [get("logo"), get("heat")]) {
  let from = 0;
  dragged(canvas, (event, start) => {
    if (event === start) ({ from } = state.view);
    else look(from - (event.clientX - start.clientX) / step(canvas, state.view), state.view.to - state.view.from);
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, positionAt(canvas, event));
  }, { passive: false });
  canvas.addEventListener("pointermove", (event) => {
    const at = Math.floor(positionAt(canvas, event));
    const row = Math.floor((event.clientY - canvas.getBoundingClientRect().top) / rowHeight());
    if (canvas.id === "heat" && row < rows) point(row, at);
    else if (state.shown.held[at] >= 0) point(state.shown.held[at], at);
  });
}
dragged(get("overview"), (event) => {
  const box = get("overview").getBoundingClientRect(), wide = state.view.to - state.view.from;
  const share = (event.clientX - box.left - LEFT) / (box.width - LEFT);
  look(share * state.shown.positions - wide / 2, wide);
});
get("logo").addEventListener("keydown", (event) => {
  const wide = state.view.to - state.view.from;
  const act = {
    ArrowLeft: () => look(state.view.from - Math.ceil(wide / 10), wide),
    ArrowRight: () => look(state.view.from + Math.ceil(wide / 10), wide),
    "+": () => zoom(0.7), "=": () => zoom(0.7), "-": () => zoom(1 / 0.7),
    Home: () => look(0, state.shown.positions),
  }[event.key];
  if (act) { event.preventDefault(); act(); }
});
get("list").addEventListener("keydown", (event) => {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const next = by && state.listed[state.listed.indexOf(state.sequence) + by];
  if (!next) return;
  event.preventDefault();
  choose(next);
  get(`sequence-${next.index}`).scrollIntoView({ block: "nearest" });
});
get("in").addEventListener("click", () => zoom(0.6));
get("out").addEventListener("click", () => zoom(1 / 0.6));
get("all").addEventListener("click", () => look(0, state.shown.positions));
get("search").addEventListener("input", list);
get("sort").addEventListener("change", list);
get("track").addEventListener("change", () => {
  state.track = Number(get("track").value);
  list();
  choose(state.sequence);
});
dark.addEventListener("change", () => { readPalette(); draw(); });
new ResizeObserver(draw).observe(get("drawing"));

data.tracks.forEach((name, index) => { add(get("track"), "option", "", name).value = index; });
get("track-label").hidden = data.tracks.length < 2;
if (data.sequences.every((sequence) => sequence.tracks.every((track) => track.reference === null))) {
  get("sort").querySelector("[value=reference]").remove();
}
readPalette();
list();
choose(state.listed[0]);
