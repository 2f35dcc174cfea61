// What a page holds, unpacked where it is drawn: see fastism/report/packing.py.
// data: { start, labels, colors, tracks, score, signed, width, sequences }
// sequence: { name, region, genome: [chromosome, first, step], index, text, held, tracks: [{ reference, neutral, strongest, values, ... }] }
const data = JSON.parse(document.getElementById("data").textContent);
const rows = data.labels.length;
const MISSING = -32768;

const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

// One sequence on one track, in numbers: value(row, position), height(position), held(position).
const unpack = (sequence, number) => {
  const track = sequence.tracks[number];
  const values = new Int16Array(bytes(track.values).buffer);
  const heights = new Int16Array(bytes(track.heights).buffer);
  const held = sequence.held === null
    ? Int8Array.from(sequence.text, (letter) => data.labels.indexOf(letter))
    : new Int8Array(bytes(sequence.held).buffer);
  const positions = sequence.text.length;
  const known = (unit, scale) => (unit === MISSING ? NaN : unit * scale);
  return {
    sequence, track, positions, held,
    change: (row, at) => known(values[row * positions + at], track.scale),
    value: (row, at) => track.neutral + known(values[row * positions + at], track.scale),
    height: (at) => known(heights[at], track.heightScale),
    reach: farthest(values) * track.scale || 1,
    tallest: Math.max(0, largest(heights)) * track.heightScale,
    lowest: Math.min(0, -largest(heights.map((unit) => (unit === MISSING ? unit : -unit)))) * track.heightScale,
  };
};

const largest = (units) => units.reduce((most, unit) => (unit > most ? unit : most), MISSING);
const farthest = (units) =>
  units.reduce((most, unit) => (unit === MISSING ? most : Math.max(most, Math.abs(unit))), 0);

// The strongest mutations: [row, position, effect], by how far they go from what is held.
const strongest = (shown, count) => {
  const found = [];
  for (let at = 0; at < shown.positions; at += 1) {
    const held = shown.held[at];
    const own = held < 0 ? 0 : shown.change(held, at);
    for (let row = 0; row < rows; row += 1) {
      const effect = shown.change(row, at) - own;
      if (row !== held && effect) found.push([row, at, effect]);
    }
  }
  return found.sort((one, other) => Math.abs(other[2]) - Math.abs(one[2])).slice(0, count);
};

// What the mutation of a score makes of the prediction, where the score says it.
const prediction = (shown, row, at, effect) => {
  const { reference } = shown.track;
  if (reference === null || data.score === "l2") return null;
  return data.score === "logfc" ? reference * 2 ** effect : reference + effect;
};

const number = (value) => {
  if (value === null || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(2) : String(Number(value.toPrecision(4)));
};
const place = (at) => {
  const first = data.start + at;
  return data.width > 1 ? `${first} (in a site of ${data.width})` : String(first);
};
// Where a position lies in the genome, as browsers and VCF files count, from 1.
const genomic = ({ genome }, at) =>
  (genome === null ? "" : ` (${genome[0]}:${genome[1] + genome[2] * (data.start + at)}, counted from 1)`);
