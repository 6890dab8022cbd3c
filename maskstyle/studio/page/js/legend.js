/** A small picture of a painting with its map; clicking a region in it chooses that region. */

import { documentOf, onLoaded } from "./documents.js";
import { h } from "./dom.js";

/** Largest size in CSS pixels: beside buttons, and alone. */
const SMALL = { width: 168, height: 116 };
export const WIDE = { width: 270, height: 240 };

const shown = new Map();

/** The painting `style` as a canvas; `choose(color)` is called with the region under a click. */
export function legend(key, style, chosen, choose, most = SMALL) {
  const scale = Math.min(most.width / style.width, most.height / style.height);
  const [width, height] = [style.width, style.height].map((side) => Math.round(side * scale));
  const click = (event) => {
    const box = event.target.getBoundingClientRect();
    const point = { x: ((event.clientX - box.left) / box.width) * style.width, y: ((event.clientY - box.top) / box.height) * style.height };
    const color = documentOf(style.id)?.map?.colorAt(point);
    if (color) choose(color);
  };
  const ref = (canvas) => {
    shown.set(canvas, { style, chosen });
    paint(canvas);
  };
  return h("canvas", { key, class: "legend", width: 2 * width, height: 2 * height, role: "img", style: { width: `${width}px`, "aspect-ratio": `${width} / ${height}` },
    "aria-label": `${style.name} with its regions; choose one with the buttons below`, title: "Click a region of the painting", onclick: click, ref });
}

onLoaded((document) => {
  for (const [canvas, { style }] of shown) {
    if (!canvas.isConnected) shown.delete(canvas);
    else if (style.id === document.id) paint(canvas);
  }
});

function paint(canvas) {
  const { style, chosen } = shown.get(canvas);
  const document = documentOf(style.id);
  const state = [document?.map, document?.edits, document?.levels.length, document?.anchors, chosen, style.regions.length, canvas.width, canvas.height];
  if (canvas.painted?.every((each, index) => each === state[index])) return;
  canvas.painted = state;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (!document?.levels.length) return;
  const level = document.levels.filter((each) => each.width >= canvas.width).at(-1) ?? document.levels[0];
  context.drawImage(level, 0, 0, canvas.width, canvas.height);
  if (document.map) paintMap(context, document, chosen);
  if (document.map) paintNumbers(context, document, style, chosen);
}

/** Shade all but the chosen region, and draw borders between regions. */
function paintMap(context, { map }, chosen) {
  const { width, height } = context.canvas;
  const image = context.getImageData(0, 0, width, height);
  const words = new Uint32Array(image.data.buffer);
  const label = map.colors.indexOf(chosen);
  const at = (x, y) => map.labels[Math.min(map.height - 1, Math.floor(((y + 0.5) / height) * map.height)) * map.width + Math.min(map.width - 1, Math.floor(((x + 0.5) / width) * map.width))];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const here = at(x, y);
      const index = y * width + x;
      if (x + 2 < width && y + 2 < height && (at(x + 2, y) !== here || at(x, y + 2) !== here)) words[index] = 0xffffffff;
      else if (label >= 0 && here !== label) words[index] = 0xff000000 | ((words[index] >>> 2) & 0x3f3f3f);
    }
  context.putImageData(image, 0, 0);
}

function paintNumbers(context, { map, anchors }, style, chosen) {
  context.font = "600 22px system-ui, sans-serif";
  Object.assign(context, { textAlign: "center", textBaseline: "middle" });
  for (const region of style.regions) {
    const point = anchors[map.colors.indexOf(region.color)];
    if (!point) continue;
    const [x, y] = [(point.x / map.width) * context.canvas.width, (point.y / map.height) * context.canvas.height];
    context.beginPath();
    context.arc(x, y, 18, 0, 2 * Math.PI);
    context.fillStyle = region.color === chosen ? "#fff" : "rgba(20, 20, 22, 0.85)";
    context.fill();
    context.fillStyle = region.color === chosen ? "#000" : "#fff";
    context.fillText(region.number, x, y + 1);
  }
}
