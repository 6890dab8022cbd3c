/** The map of a picture as one byte a pixel, with run-length coded copies of rectangles for undo. */

/** Label of pixels in no region. */
export const NONE = 255;

const MOST_SAMPLED = 160; // columns and rows of the coarse grid

/** A map: `labels` holds an index into `colors` for each pixel, or `NONE`. */
export class LabelMap {
  constructor(width, height, labels, colors) {
    Object.assign(this, { width, height, colors });
    this.labels = labels ?? new Uint8Array(width * height).fill(NONE);
  }

  /** The color at a point of the picture; null outside and where there is no region. */
  colorAt({ x, y }) {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return null;
    return this.colors[this.labels[Math.floor(y) * this.width + Math.floor(x)]] ?? null;
  }

  /** Whether another map of this size shows the same, in whatever order it lists its colors. */
  equals(other) {
    const table = new Uint8Array(256).fill(NONE);
    for (const [label, color] of other.colors.entries()) {
      const own = this.colors.indexOf(color);
      table[label] = own < 0 ? NONE - 1 : own;
    }
    return this.labels.every((label, at) => label === table[other.labels[at]]);
  }

  /** The label of a color, which is added if the map does not have it. */
  labelOf(color) {
    const found = this.colors.indexOf(color);
    return found >= 0 ? found : this.colors.push(color) - 1;
  }

  /** Labels on a coarse grid: every `step`-th pixel of every `step`-th row. */
  sampled() {
    const { labels, width, height } = this;
    const step = Math.max(1, Math.ceil(Math.max(width, height) / MOST_SAMPLED));
    const [columns, rows] = [width, height].map((side) => Math.floor((side - 1) / step) + 1);
    const sampled = new Uint8Array(columns * rows);
    for (let y = 0, at = 0; y < rows; y++) for (let x = 0; x < columns; x++) sampled[at++] = labels[(y * width + x) * step];
    return { labels: sampled, columns, rows, step };
  }

  /** Begin to change the map; `settle` or `revert` ends it. */
  begin() {
    this.settled ??= this.labels.slice(); // kept between strokes: to copy all labels takes long enough to stutter
  }

  /** End a change within a rectangle; return a copy of it as it was before. */
  settle(area) {
    const before = this.copy(area, this.settled);
    copyRows(this.labels, this.settled, this.width, area);
    return before;
  }

  /** Take back a change within a rectangle. */
  revert(area) {
    copyRows(this.settled, this.labels, this.width, area);
  }

  /** A compressed copy of the rectangle in `labels`. */
  copy(area, labels = this.labels) {
    return { area, runs: encodeRuns(labels, this.width, area), colors: [...this.colors] };
  }

  /** Write a copy back, also one of a map that listed its colors in another order. */
  restore({ area, runs, colors }) {
    const table = new Uint8Array(256).fill(NONE);
    colors.forEach((color, label) => (table[label] = this.labelOf(color)));
    decodeRuns(runs, table, this.labels, this.width, area);
    if (this.settled) copyRows(this.labels, this.settled, this.width, area);
  }
}

function copyRows(from, to, width, [x0, y0, x1, y1]) {
  for (let y = y0; y < y1; y++) to.set(from.subarray(y * width + x0, y * width + x1), y * width + x0);
}

/** The labels of a rectangle as runs of equal ones: length << 8 | label. */
function encodeRuns(labels, width, [x0, y0, x1, y1]) {
  const runs = [];
  for (let y = y0; y < y1; y++) {
    const end = y * width + x1;
    for (let from = y * width + x0, to = from; from < end; from = to) {
      const label = labels[from];
      while (to < end && labels[to] === label) to++;
      runs.push(((to - from) << 8) | label);
    }
  }
  return Uint32Array.from(runs);
}

function decodeRuns(runs, table, labels, width, [x0, y0, x1]) {
  let x = x0;
  let y = y0;
  for (const run of runs) {
    const start = y * width + x;
    labels.fill(table[run & 255], start, start + (run >>> 8));
    x += run >>> 8;
    if (x === x1) [x, y] = [x0, y + 1];
  }
}
