"use strict";
// data: { width, rows, sites: { starts: [[first, step, count]...], width, first: index }, cards, ... }
// card: { x, row, family, need: [start, stop], ... }  edge: [from, to, [[x, row]...]]
// family: one [starts, stops] for each interval; both are runs [first, step, value...], by position.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const get = (id) => document.getElementById(id);
  const style = getComputedStyle(document.documentElement);
  const [cardWidth, rowHeight] = ["--card", "--row"].map((name) => parseFloat(style.getPropertyValue(name)));
  const cardHeight = rowHeight - 20, trackWidth = cardWidth - 27;
  const graph = get("graph"), edges = get("edges"), slider = get("site");
  const siteCount = data.sites.starts.reduce((sum, stretch) => sum + stretch[2], 0);
  let chosen = null;

  const add = (parent, tag, className, text) => {
    const element = document.createElement(tag);
    element.className = className;
    if (text !== undefined) element.textContent = text;
    return parent.appendChild(element);
  };
  const format = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
  const number = (value) => format.format(value);
  const interval = ([start, stop]) => `[${start}, ${stop})`;

  // The value at an index of a sequence kept as runs.
  const at = (runs, index) => {
    let run = runs[0];
    for (const other of runs) if (other[0] <= index) run = other;
    const period = run.length - 2, past = index - run[0];
    return run[2 + (past % period)] + Math.floor(past / period) * run[1];
  };

  const start = (index) => {
    for (const [first, step, count] of data.sites.starts) {
      if (index < count) return first + index * step;
      index -= count;
    }
    return 0;
  };

  // What changes in a value at a position: intervals, and the parts of them that an output reads.
  const reached = (card, position) => {
    const pairs = data.families[card.family].map((ends) => ends.map((runs) => at(runs, position)));
    const change = pairs.filter(([from, to]) => to > from);
    const seen = change
      .map(([from, to]) => [Math.max(from, card.need[0]), Math.min(to, card.need[1])])
      .filter(([from, to]) => to > from);
    return { change, seen };
  };

  // A bar over part of a track: moved and stretched without a new layout; never under 3 pixels.
  const place = (bar, pair, length) => {
    const [from, to] = pair || [0, 0];
    const share = to > from ? Math.max((to - from) / length, 3 / trackWidth) : 0;
    const left = Math.min(from / length, 1 - share);
    bar.style.transform = `translateX(${100 * left}%) scaleX(${share})`;
  };

  // Of a long path the last name.
  const short = (layer) => (layer.length > 24 ? layer.replace(/^.*\//, "…/") : layer);

  const hue = (segment) => (segment ? `var(--s${(segment - 1) % 5})` : "var(--none)");

  const build = (card, index) => {
    const button = add(graph, "button", card.stop ? "card stop" : "card");
    button.type = "button";
    button.tabIndex = index ? -1 : 0;
    button.style.left = `${card.x - cardWidth / 2}px`;
    button.style.top = `${card.row * rowHeight}px`;
    button.style.setProperty("--hue", hue(card.segment));
    button.setAttribute("aria-pressed", "false");
    button.title = card.name;
    const [top, below] = [add(button, "span", "pair"), add(button, "span", "pair")];
    add(top, "span", "name", short(card.layer));
    add(top, "span", "segment", card.segment ? `seg ${card.segment}` : "");
    add(below, "span", "op", [card.stop ? "stop" : "", card.op, card.mode].filter(Boolean).join(" · "));
    card.width = add(below, "span", "width");
    const track = add(button, "span", "track");
    place(add(track, "i", "need"), card.need, card.length);
    const intervals = data.families[card.family];
    card.unread = intervals.map(() => add(track, "i", "unread"));
    card.changed = intervals.map(() => add(track, "i", "changed"));
    button.addEventListener("click", () => choose(index));
    button.addEventListener("keydown", (event) => walk(event, index));
    card.button = button;
  };

  const connect = ([from, to, points]) => {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const last = points.length - 1;
    let [x, row] = points[0], y = row * rowHeight + cardHeight, text = `M${x} ${y}`;
    for (let i = 1; i <= last; i += 1) {
      const [nextX, nextRow] = points[i], nextY = nextRow * rowHeight;
      const middle = (y + nextY) / 2;
      text += `C${x} ${middle} ${nextX} ${middle} ${nextX} ${nextY}`;
      [x, y] = [nextX, nextY];
      if (i < last) { y += cardHeight; text += `V${y}`; }
    }
    path.setAttribute("d", text);
    path.dataset.from = from;
    path.dataset.to = to;
    edges.appendChild(path);
  };

  const show = () => {
    const position = start(Number(slider.value));
    const width = data.sites.width;
    get("position").textContent = width > 1 ? `${position}–${position + width - 1}` : position;
    slider.setAttribute("aria-valuetext", `position ${position}`);
    for (const card of data.cards) {
      const { change, seen } = reached(card, position);
      card.unread.forEach((bar, k) => place(bar, change[k], card.length));
      card.changed.forEach((bar, k) => place(bar, seen[k], card.length));
      const count = seen.reduce((sum, [from, to]) => sum + to - from, 0);
      if (count !== card.count) card.width.textContent = `${number(count)} of ${number(card.length)}`;
      card.count = count;
    }
    if (chosen !== null) describe(data.cards[chosen], position);
  };

  const products = (count) => `${number(Math.round(count))} multiply-adds an item`;
  const crossing = ({ handed, saved }) =>
    `${number(Math.round(handed))} bytes an item` +
    (saved ? `; ${number(saved)} bytes a sequence are kept` : "");

  const describe = (card, position) => {
    const { change, seen } = reached(card, position);
    const listed = (pairs) => pairs.map(interval).join(" ") || "nothing";
    const grown = card.growth > 0 ? `${number(card.growth)} positions here` : "";
    const facts = [
      ["layer", card.layer],
      ["op", card.op],
      ["type", card.type],
      ["segment", card.segment ? `${card.segment}, ${card.mode}` : card.mode],
      ["begins a segment", card.begins ? card.begins.why.join("; ") : ""],
      ["crosses there", card.begins ? crossing(card.begins) : ""],
      ["behind it", card.begins && card.begins.behind ? products(card.begins.behind) : ""],
      ["changes", listed(change)],
      ["outputs see", seen.length || !change.length ? listed(seen) : "nothing of it"],
      ["widest window", `${number(card.window)} of ${number(card.length)}`],
      ["grows", grown || (card.grownBy ? `not here; last in ${card.grownBy}` : "")],
      ["costs", card.multiplyAdds ? products(card.multiplyAdds) : ""],
    ];
    get("facts").replaceChildren();
    for (const [name, text] of facts) {
      if (!text) continue;
      add(get("facts"), "dt", "", name);
      add(get("facts"), "dd", "", text);
    }
  };

  const choose = (index) => {
    if (chosen !== null) {
      data.cards[chosen].button.setAttribute("aria-pressed", "false");
    }
    for (const card of data.cards) card.button.tabIndex = -1;
    chosen = index;
    const card = data.cards[index];
    card.button.tabIndex = 0;
    card.button.setAttribute("aria-pressed", "true");
    get("name").textContent = card.name;
    get("hint").hidden = true;
    get("line").hidden = false;
    get("line").textContent = card.line;
    for (const path of edges.children) {
      path.classList.toggle("lit", [path.dataset.from, path.dataset.to].includes(String(index)));
    }
    describe(card, start(Number(slider.value)));
    get("details").scrollTop = 0;
  };

  // Up and down along the order of the graph, left and right within a row.
  const walk = (event, index) => {
    const here = data.cards[index];
    const beside = data.cards
      .map((card, other) => ({ card, other }))
      .filter(({ card }) => card.row === here.row)
      .sort((one, two) => one.card.x - two.card.x)
      .map(({ other }) => other);
    const target = {
      ArrowUp: index - 1,
      ArrowDown: index + 1,
      ArrowLeft: beside[beside.indexOf(index) - 1],
      ArrowRight: beside[beside.indexOf(index) + 1],
      Home: 0,
      End: data.cards.length - 1,
    }[event.key];
    if (target === undefined || !data.cards[target]) return;
    event.preventDefault();
    choose(target);
    data.cards[target].button.focus();
  };

  graph.style.width = `${data.width}px`;
  graph.style.height = `${data.rows * rowHeight}px`;
  data.edges.forEach(connect);
  data.cards.forEach(build);
  slider.max = siteCount - 1;
  slider.value = data.sites.first;
  slider.addEventListener("input", show);
  show();
  get("scroll").scrollLeft = data.cards[0].x - get("scroll").clientWidth / 2;
})();
