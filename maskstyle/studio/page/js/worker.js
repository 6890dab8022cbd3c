/** Work on whole pictures, off the page's thread, so that painting does not wait for it. */

import { NONE } from "./labelmap.js";
import { encodeMap } from "./png.js";

const OPERATIONS = { bitmap, levels, decode, encode, segments, anchors };

self.onmessage = async ({ data: { id, operation, input } }) => {
  try {
    const { output, moved = [] } = await OPERATIONS[operation](input);
    self.postMessage({ id, output }, moved);
  } catch (error) {
    self.postMessage({ id, error: String(error) });
  }
};

async function pixelsOf(blob) {
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { width, height, values: new Uint32Array(context.getImageData(0, 0, width, height).data.buffer) };
}

/** A picture to draw. */
async function bitmap({ blob }) {
  const output = await createImageBitmap(blob);
  return { output, moved: [output] };
}

/** A picture at full, half, quarter ... size: small views are drawn from a small one. */
async function levels({ blob }) {
  const output = [await createImageBitmap(blob)];
  while (Math.max(output.at(-1).width, output.at(-1).height) > 400) {
    const { width, height } = output.at(-1);
    const size = { resizeWidth: Math.ceil(width / 2), resizeHeight: Math.ceil(height / 2) };
    output.push(await createImageBitmap(output.at(-1), { ...size, resizeQuality: "medium" }));
  }
  return { output, moved: output };
}

/** A map's PNG to labels; colors that `colors` lacks are added to it. */
async function decode({ blob, colors = [] }) {
  const { width, height, values } = await pixelsOf(blob);
  const known = new Map(colors.map((color, index) => [packed(color), index]));
  const labels = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    labels[i] = value >>> 24 < 128 ? NONE : labelOf(value & 0xffffff, known, colors);
  }
  return { output: { width, height, labels, colors }, moved: [labels.buffer] };
}

function labelOf(value, known, colors) {
  const found = known.get(value);
  if (found !== undefined) return found;
  const color = `#${[value, value >>> 8, value >>> 16].map((v) => (v & 255).toString(16).padStart(2, "0")).join("")}`;
  known.set(value, colors.push(color) - 1);
  return colors.length - 1;
}

function packed(color) {
  const value = parseInt(color.slice(1), 16);
  return ((value & 255) << 16) | (value & 0xff00) | (value >>> 16);
}

async function encode({ labels, width, height, colors }) {
  return { output: await encodeMap(labels, width, height, colors) };
}

/** Superpixels: the pixels of each, and the box around them. */
async function segments({ blob }) {
  const { width, height, values } = await pixelsOf(blob);
  let count = 0;
  for (let i = 0; i < values.length; i++) count = Math.max(count, (values[i] &= 0xffffff) + 1);
  const offsets = new Uint32Array(count + 1);
  for (const value of values) offsets[value + 1]++;
  for (let i = 0; i < count; i++) offsets[i + 1] += offsets[i];
  const pixels = new Uint32Array(values.length);
  const boxes = new Int32Array(4 * count);
  for (let i = 0; i < count; i++) boxes.set([width, height, 0, 0], 4 * i);
  const next = offsets.slice();
  for (let i = 0; i < values.length; i++) {
    pixels[next[values[i]]++] = i;
    widen(boxes, 4 * values[i], i % width, Math.floor(i / width));
  }
  const output = { width, height, of: values, offsets, pixels, boxes };
  return { output, moved: [values, offsets, pixels, boxes].map((array) => array.buffer) };
}

function widen(boxes, at, x, y) {
  if (x < boxes[at]) boxes[at] = x;
  if (y < boxes[at + 1]) boxes[at + 1] = y;
  if (x >= boxes[at + 2]) boxes[at + 2] = x + 1;
  if (y >= boxes[at + 3]) boxes[at + 3] = y + 1;
}

/** A point well inside each region, for its number: that of a coarse grid which is farthest from other labels. */
async function anchors({ labels, columns, rows, step, count }) {
  const depth = depths(labels, columns, rows);
  const best = new Float32Array(count);
  const points = new Array(count).fill(null);
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === NONE || depth[i] <= best[labels[i]]) continue;
    best[labels[i]] = depth[i];
    points[labels[i]] = { x: (i % columns) * step + step / 2, y: Math.floor(i / columns) * step + step / 2 };
  }
  return { output: points };
}

/** Chessboard distance to the nearest cell of another label or the border, in two sweeps. */
function depths(cells, columns, rows) {
  const depth = new Float32Array(cells.length);
  const from = (i, j) => (cells[i] === cells[j] ? depth[j] : 0);
  for (let y = 1; y < rows - 1; y++)
    for (let x = 1; x < columns - 1; x++) {
      const i = y * columns + x;
      depth[i] = 1 + Math.min(from(i, i - 1), from(i, i - columns), from(i, i - columns - 1), from(i, i - columns + 1));
    }
  for (let y = rows - 2; y > 0; y--)
    for (let x = columns - 2; x > 0; x--) {
      const i = y * columns + x;
      depth[i] = Math.min(depth[i], 1 + Math.min(from(i, i + 1), from(i, i + columns), from(i, i + columns + 1), from(i, i + columns - 1)));
    }
  return depth.map((value) => value + 0.5);
}
