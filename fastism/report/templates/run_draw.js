// Drawing on canvas: each function draws one picture anew, for the positions [view.from, view.to).
const LEFT = 46; // pixels for what stands beside a picture
const LEGIBLE = 6; // pixels a position needs for its letter
const dark = matchMedia("(prefers-color-scheme: dark)");

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const parsed = (color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
const mixed = (one, other, share) => one.map((part, i) => Math.round(part + (other[i] - part) * share));
const rgb = (parts) => `rgb(${parts.join(",")})`;

let palette = {};
const readPalette = () => {
  const named = (name) => parsed(css(name));
  const letters = {};
  for (const [letter, color] of Object.entries(data.colors)) {
    const parts = parsed(color);
    const lighter = Math.max(...parts) < 90 ? 0.75 : 0.35; // what stands on white must stand on black
    letters[letter] = rgb(dark.matches ? mixed(parts, [255, 255, 255], lighter) : parts);
  }
  palette = {
    letters,
    stops: ["--below", "--low", "--neutral", "--high", "--above"].map(named),
    missing: css("--missing"), ink: css("--ink"), quiet: css("--quiet"), line: css("--line"),
    accent: css("--accent"), paper: css("--paper"),
  };
};

// The colour of a share of the farthest value, from -1 to 1.
const colorOf = (share) => {
  if (Number.isNaN(share)) return palette.missing;
  const along = 2 * Math.max(-1, Math.min(1, share)) + 2;
  const stop = Math.min(3, Math.floor(along));
  return rgb(mixed(palette.stops[stop], palette.stops[stop + 1], along - stop));
};
const letterColor = (letter) => palette.letters[letter] || palette.quiet;

// A canvas of the size it has on the page, in the pixels of the screen.
const begin = (canvas) => {
  const { clientWidth: width, clientHeight: height } = canvas, ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
};

const step = (canvas, view) => (canvas.clientWidth - LEFT) / (view.to - view.from);

// Positions by column of pixels: where several fall into one, the farthest of them stands for all.
const columns = (view, width, size) => {
  const each = Math.max(1, (view.to - view.from) / width), found = [];
  for (let left = view.from; left < view.to - 1e-9; left += each) {
    const from = Math.floor(left), to = Math.max(from + 1, Math.floor(left + each));
    let best = from;
    for (let at = from; at < Math.min(to, view.limit); at += 1) if (!(size(at) <= size(best))) best = at;
    found.push([best, left - view.from, each]);
  }
  return found;
};
const size = (value) => (Number.isNaN(value) ? -1 : Math.abs(value));

const drawBars = (pen, shown, view, box) => {
  const unit = (box.width) / (view.to - view.from), span = shown.tallest - shown.lowest || 1;
  const y = (height) => box.top + (box.height * (shown.tallest - height)) / span;
  for (const [at, left, each] of columns(view, box.width, (p) => size(shown.height(p)))) {
    const height = shown.height(at);
    if (!height) continue;
    pen.fillStyle = letterColor(shown.sequence.text[at]);
    pen.fillRect(box.left + left * unit, Math.min(y(0), y(height)), Math.max(each * unit, 1), Math.abs(y(height) - y(0)));
  }
  return y;
};

const drawOverview = (canvas, shown, view) => {
  const { pen, width, height } = begin(canvas);
  const every = { from: 0, to: shown.positions, limit: shown.positions };
  pen.fillStyle = palette.missing;
  pen.globalAlpha = 0.35;
  pen.fillRect(LEFT, 0, width - LEFT, height);
  pen.globalAlpha = 1;
  drawBars(pen, shown, every, { left: LEFT, top: 3, width: width - LEFT, height: height - 6 });
  const unit = (width - LEFT) / shown.positions;
  pen.strokeStyle = palette.accent;
  pen.lineWidth = 2;
  pen.strokeRect(LEFT + view.from * unit + 1, 1, Math.max((view.to - view.from) * unit - 2, 3), height - 2);
};

const drawLetter = (pen, letter, left, top, width, height, below) => {
  const ink = pen.measureText(letter);
  const wide = ink.actualBoundingBoxLeft + ink.actualBoundingBoxRight;
  const tall = ink.actualBoundingBoxAscent + ink.actualBoundingBoxDescent;
  pen.save();
  pen.translate(left + width / 2, below ? top : top + height);
  pen.scale((width * 0.94) / Math.max(wide, tall * 0.3), ((below ? -1 : 1) * height) / tall);
  pen.fillText(letter, (ink.actualBoundingBoxLeft - ink.actualBoundingBoxRight) / 2, -ink.actualBoundingBoxDescent);
  pen.restore();
};

const ticks = (low, high, count) => {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const each = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough);
  const found = [];
  for (let value = Math.ceil(low / each); value * each <= high + 1e-12; value += 1) found.push(value * each);
  return found;
};

const drawLogo = (canvas, shown, view) => {
  const { pen, width, height } = begin(canvas);
  const box = { left: LEFT, top: 6, width: width - LEFT, height: height - 12 };
  const unit = step(canvas, view), span = shown.tallest - shown.lowest || 1;
  const y = (value) => box.top + (box.height * (shown.tallest - value)) / span;
  pen.font = "11px system-ui, sans-serif";
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const value of ticks(shown.lowest, shown.tallest || 1, 4)) {
    pen.fillStyle = palette.line;
    pen.fillRect(LEFT - 4, y(value), 4, 1);
    pen.fillStyle = palette.quiet;
    pen.fillText(number(value), LEFT - 7, y(value));
  }
  pen.textAlign = "left";
  pen.textBaseline = "alphabetic";
  pen.font = "bold 100px Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";
  if (unit < LEGIBLE) drawBars(pen, shown, view, box);
  else {
    pen.save();
    pen.beginPath();
    pen.rect(box.left, 0, box.width, height);
    pen.clip();
    for (let at = Math.floor(view.from); at < Math.min(Math.ceil(view.to), shown.positions); at += 1) {
      const value = shown.height(at), letter = shown.sequence.text[at];
      if (!value) continue;
      const left = LEFT + (at - view.from) * unit, top = Math.min(y(0), y(value));
      pen.fillStyle = letterColor(letter);
      if (letter === ".") pen.fillRect(left, top, unit * 0.94, Math.abs(y(value) - y(0)));
      else drawLetter(pen, letter, left, top, unit, Math.abs(y(value) - y(0)), value < 0);
    }
    pen.restore();
  }
  pen.fillStyle = palette.ink;
  pen.fillRect(LEFT, y(0), width - LEFT, 1);
};

const rowHeight = () => (rows > 8 ? 18 : rows > 1 ? 24 : 40);
const AXIS = 20;

const drawHeat = (canvas, shown, view, pointed) => {
  canvas.style.height = `${rows * rowHeight() + AXIS}px`;
  const { pen, width } = begin(canvas), tall = rowHeight(), unit = step(canvas, view);
  for (let row = 0; row < rows; row += 1) {
    for (const [at, left, each] of columns(view, width - LEFT, (p) => size(shown.change(row, p)))) {
      pen.fillStyle = colorOf(shown.change(row, at) / shown.reach);
      pen.fillRect(LEFT + left * unit, row * tall, each * unit + 0.6, tall);
    }
    pen.fillStyle = letterColor(data.labels[row]);
    pen.font = "bold 12px system-ui, sans-serif";
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    pen.fillText(data.labels[row], LEFT - 8, (row + 0.5) * tall, LEFT - 10);
  }
  if (unit >= LEGIBLE) {
    for (let at = Math.ceil(view.from - 0.5); at < Math.min(view.to - 0.5, shown.positions); at += 1) {
      if (shown.held[at] < 0 || Number.isNaN(shown.change(shown.held[at], at))) continue;
      pen.beginPath();
      pen.arc(LEFT + (at + 0.5 - view.from) * unit, (shown.held[at] + 0.5) * tall, Math.min(3, unit / 3), 0, 7);
      pen.fillStyle = palette.ink;
      pen.fill();
    }
  }
  drawPositions(pen, view, unit, rows * tall, width);
  if (pointed) {
    for (const [color, line] of [[palette.paper, 4], [palette.accent, 2]]) {
      pen.strokeStyle = color;
      pen.lineWidth = line;
      pen.strokeRect(LEFT + (pointed.at - view.from) * unit, pointed.row * tall + 1, Math.max(unit, 2), tall - 2);
    }
  }
};

const drawPositions = (pen, view, unit, top, width) => {
  pen.font = "11px system-ui, sans-serif";
  pen.textBaseline = "top";
  pen.textAlign = "center";
  const low = data.start + view.from, high = data.start + view.to;
  for (const value of ticks(low, high - 0.5, Math.max(2, width / 110))) {
    if (value % 1) continue;
    const x = LEFT + (value + 0.5 - low) * unit;
    pen.fillStyle = palette.quiet;
    pen.fillRect(x, top, 1, 4);
    const half = pen.measureText(String(value)).width / 2;
    pen.fillText(String(value), Math.min(Math.max(x, LEFT + half), width - half), top + 6);
  }
};

const drawScale = (canvas, shown) => {
  const { pen, width } = begin(canvas), from = data.signed ? -1 : 0;
  for (let x = 0; x < width; x += 1) {
    pen.fillStyle = colorOf(from + ((1 - from) * x) / width);
    pen.fillRect(x, 0, 1.5, 10);
  }
  pen.font = "11px system-ui, sans-serif";
  pen.textBaseline = "top";
  pen.fillStyle = palette.quiet;
  for (const [share, align] of [[0, "left"], [0.5, "center"], [1, "right"]]) {
    pen.textAlign = align;
    const value = shown.track.neutral + (from + (1 - from) * share) * shown.reach;
    pen.fillText(number(value), share * width, 14);
  }
};
