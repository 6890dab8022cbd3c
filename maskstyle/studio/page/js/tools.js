/** What each tool does with the pointer. Points are in pixels of the picture. */

import { documentOf, onLoaded, segmentsOf } from "./documents.js";
import { Stroke, record } from "./history.js";
import { LabelMap, NONE } from "./labelmap.js";
import { MaskTool } from "./masktool.js";
import { fill, paintPatch, paintPolygon, paintSegment, union } from "./raster.js";
import { select } from "./regionlist.js";
import { say, selectedColor, set, state } from "./store.js";
import { Tiles } from "./tiles.js";

/** The base of all tools: `down`, `move` and `up` while pressed, `hover` otherwise, `draw` on top of the canvas. */
class Tool {
  down() {}
  move() {}
  up() {}
  hover() {}
  cancel() {}
  finish() {}
  draw() {}
}

/** Largest tip, as a share of the longer side. */
const LARGEST_TIP = 0.25;

/** The diameter of the tip in pixels of a picture. */
export const tipSize = ({ width, height }) => Math.max(1, Math.round(state.tip * Math.max(width, height)));

/** Choose the diameter of the tip in pixels of a picture. */
export function setTip({ width, height }, size) {
  const longest = Math.max(width, height);
  set({ tip: Math.min(LARGEST_TIP, Math.max(1 / longest, size / longest)) });
}

/** The largest diameter of the tip in pixels of a picture. */
export const largestTip = ({ width, height }) => Math.round(LARGEST_TIP * Math.max(width, height));

/** The label to paint with; says what to do where there is none. */
function labelToPaint(pane) {
  const color = selectedColor();
  if (!pane.document?.map) return say("stage", "The map is still being drafted; try again in a moment."), null;
  if (!color) return say("stage", "Select a region to paint with: click it in the list or in the picture."), null;
  const label = pane.document.map.labelOf(color);
  if (pane.document.tiles.table[label] === 0) pane.document.tiles.colorize(color);
  return label;
}

class SelectTool extends Tool {
  down(pane, point) {
    const color = pane.document?.map?.colorAt(point);
    if (color) select(pane.document.id, color);
  }
}

/** Brush and eraser: a round tip along the pointer's way. */
class BrushTool extends Tool {
  constructor(erases) {
    super();
    Object.assign(this, { erases, name: erases ? "Erase" : "Paint" });
  }

  label = (pane) => (this.erases ? (pane.document?.map ? NONE : null) : labelToPaint(pane));

  down(pane, point) {
    const label = this.label(pane);
    if (label === null) return;
    this.stroke = { label, last: point, change: new Stroke(pane.document) };
    this.move(pane, point);
  }

  move(pane, point) {
    if (!this.stroke) return;
    const { label, last, change } = this.stroke;
    const area = paintSegment(change.document.map, last, point, (tipSize(pane.document) / 2) * (point.pressure ?? 1), label);
    change.add(area);
    if (area) pane.viewport.invalidate(area);
    this.stroke.last = point;
  }

  up() {
    this.stroke?.change.finish(this.name);
    this.stroke = null;
  }

  cancel(pane) {
    const area = this.stroke?.change.cancel();
    if (area) pane.viewport.invalidate(area);
    this.stroke = null;
  }

  draw(glass, pane) {
    if (pane.pointer) drawTip(glass, pane, tipSize(pane.document) / 2);
  }
}

function drawTip(glass, pane, radius) {
  const { x, y } = pane.viewport.toCanvas(pane.pointer);
  for (const [color, width] of [["#000", 3], ["#fff", 1.25]]) {
    glass.beginPath();
    glass.arc(x, y, Math.max(2, radius * pane.viewport.zoom), 0, 2 * Math.PI);
    Object.assign(glass, { strokeStyle: color, lineWidth: width });
    glass.stroke();
  }
}

/** One change at a point or along an outline. */
function apply(pane, name, paint) {
  const change = new Stroke(pane.document);
  const area = paint(pane.document.map);
  change.add(area);
  if (area) pane.viewport.invalidate(area);
  change.finish(name);
}

class FillTool extends Tool {
  down(pane, point) {
    const label = labelToPaint(pane);
    if (label === null || !inside(pane.document, point)) return;
    apply(pane, "Fill", (map) => fill(map, Math.floor(point.x), Math.floor(point.y), label));
  }
}

const inside = ({ width, height }, { x, y }) => x >= 0 && y >= 0 && x < width && y < height;

/** Polygon lasso: click corners or drag an outline; Enter, a double click or the first corner closes it. */
class LassoTool extends Tool {
  corners = [];

  down(pane, point) {
    const first = this.corners[0];
    const near = first && this.corners.length > 2 && distance(first, point) * pane.viewport.zoom < 10;
    const twice = this.corners.length > 2 && distance(this.corners.at(-1), point) * pane.viewport.zoom < 4;
    if (near || twice) return this.finish(pane);
    this.corners.push(point);
    this.dragged = 0;
    pane.redrawGlass();
  }

  move(pane, point) {
    if (distance(this.corners.at(-1) ?? point, point) * pane.viewport.zoom < 4) return;
    this.corners.push(point);
    this.dragged++;
    pane.redrawGlass();
  }

  up(pane) {
    if (this.dragged > 6) this.finish(pane); // drawn in one go
  }

  finish(pane) {
    const corners = this.corners;
    this.corners = [];
    if (corners.length > 2) {
      const label = labelToPaint(pane);
      if (label !== null) apply(pane, "Lasso", (map) => paintPolygon(map, corners, label));
    }
    pane.redrawGlass();
  }

  cancel(pane) {
    this.corners = [];
    pane.redrawGlass();
  }

  draw(glass, pane) {
    const points = [...this.corners, ...(pane.pointer && this.corners.length ? [pane.pointer] : [])];
    if (!points.length) return;
    for (const [color, width] of [["#000", 3.5], ["#fff", 1.5]]) {
      glass.beginPath();
      points.map((point) => pane.viewport.toCanvas(point)).forEach(({ x, y }) => glass.lineTo(x, y));
      Object.assign(glass, { strokeStyle: color, lineWidth: width });
      glass.stroke();
    }
    const { x, y } = pane.viewport.toCanvas(points[0]);
    glass.fillStyle = "#fff";
    glass.fillRect(x - 3.5, y - 3.5, 7, 7);
  }
}

const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

const FINDING = "The patches are still being found; what you paint appears when they are there.";

/** Superpixel brush: takes whole patches, which end at edges of the picture. */
class PatchTool extends Tool {
  waiting = []; // strokes of before the patches were found

  constructor() {
    super();
    onLoaded((document) => this.#catchUp(document));
  }

  hover(pane, point) {
    const segments = pane.document && segmentsOf(pane.document, state.patch);
    const index = segments && inside(pane.document, point) ? segments.of[Math.floor(point.y) * segments.width + Math.floor(point.x)] : null;
    if (index === this.index && segments === this.segments) return;
    Object.assign(this, { index, segments, outline: null });
  }

  down(pane, point) {
    const label = labelToPaint(pane);
    this.hover(pane, point);
    if (label === null) return;
    if (this.segments) return this.#begin(pane, label, point);
    this.waiting.push({ pane, document: pane.document, color: selectedColor(), points: [point] });
    say("stage", FINDING);
  }

  #begin(pane, label, point) {
    this.stroke = { label, last: point, change: new Stroke(pane.document), seen: new Set() };
    this.move(pane, point);
  }

  /** Paint the strokes that waited for the patches of a document. */
  #catchUp(document) {
    if (!this.waiting.some((each) => each.document === document) || !segmentsOf(document, state.patch)) return;
    const strokes = this.waiting.filter((each) => each.document === document && each.pane.document === document);
    this.waiting = [];
    if (state.message?.text === FINDING) say("stage", null);
    for (const { pane, color, points, ended } of strokes) {
      this.#begin(pane, document.map.labelOf(color), points[0]);
      points.slice(1).forEach((point) => this.move(pane, point));
      if (ended) this.up();
    }
  }

  move(pane, point) {
    const late = this.waiting.at(-1);
    if (late && !late.ended) late.points.push(point);
    if (!this.stroke) return;
    const { last } = this.stroke;
    const steps = Math.max(1, Math.ceil(distance(last, point) / (state.patch / 3)));
    for (let step = 1; step <= steps; step++) {
      const part = step / steps;
      this.#take(pane, { x: last.x + (point.x - last.x) * part, y: last.y + (point.y - last.y) * part });
    }
    this.stroke.last = point;
  }

  #take(pane, point) {
    this.hover(pane, point);
    const { label, change, seen } = this.stroke;
    if (this.index == null || seen.has(this.index)) return;
    seen.add(this.index);
    const area = paintPatch(change.document.map, this.segments, this.index, label);
    change.add(area);
    pane.viewport.invalidate(area);
  }

  up() {
    this.waiting.forEach((each) => (each.ended = true));
    this.stroke?.change.finish("Superpixels");
    this.stroke = null;
  }

  cancel(pane) {
    this.waiting.pop();
    if (state.message?.text === FINDING) say("stage", null);
    const area = this.stroke?.change.cancel();
    if (area) pane.viewport.invalidate(area);
    this.stroke = null;
  }

  draw(glass, pane) {
    if (pane.pointer) this.hover(pane, pane.pointer); // superpixels may have loaded since the pointer moved
    if (this.index == null || !pane.pointer) return;
    this.outline ??= outlineOf(this.segments, this.index);
    const { viewport } = pane;
    const { x: left, y: top } = viewport.toCanvas({ x: 0, y: 0 });
    glass.save();
    glass.translate(left, top);
    glass.scale(viewport.zoom, viewport.zoom);
    for (const [color, width] of [["#000", 3], ["#fff", 1.25]]) {
      Object.assign(glass, { strokeStyle: color, lineWidth: width / viewport.zoom });
      glass.stroke(this.outline);
    }
    glass.restore();
  }
}

/** The sides of a superpixel, each as long as it is straight: hundreds of short lines would be slow to draw. */
function outlineOf({ of, boxes, width, height }, index) {
  const path = new Path2D();
  const [x0, y0, x1, y1] = boxes.subarray(4 * index, 4 * index + 4);
  const has = (x, y) => x >= 0 && y >= 0 && x < width && y < height && of[y * width + x] === index;
  const lines = (from, to, isSide, add) => {
    for (let at = from, start = null; at <= to; at++) {
      const side = at < to && isSide(at);
      if (side && start === null) start = at;
      if (!side && start !== null) add(start, at), (start = null);
    }
  };
  for (let y = y0; y <= y1; y++)
    lines(x0, x1, (x) => has(x, y) !== has(x, y - 1), (from, to) => (path.moveTo(from, y), path.lineTo(to, y)));
  for (let x = x0; x <= x1; x++)
    lines(y0, y1, (y) => has(x, y) !== has(x - 1, y), (from, to) => (path.moveTo(x, from), path.lineTo(x, to)));
  return path;
}

/** Scribbles: strokes in a layer of their own, from which the server grows a map. */
class ScribbleTool extends Tool {
  down(pane, point) {
    const color = selectedColor();
    if (!pane.document || labelToPaint(pane) === null) return;
    const { width, height } = pane.document;
    if (!pane.document.scribbles) pane.viewport.redraw(); // the map fades beneath
    const layer = (pane.document.scribbles ??= makeScribbles(width, height));
    const label = layer.map.labelOf(color);
    if (!layer.tiles.table[label]) layer.tiles.colorize(null);
    this.stroke = { layer, label, last: point, area: null };
    layer.map.begin();
    this.move(pane, point);
  }

  move(pane, point) {
    if (!this.stroke) return;
    const { layer, label, last } = this.stroke;
    const area = paintSegment(layer.map, last, point, scribbleRadius(pane.document), label);
    if (area) {
      layer.tiles.refresh(area);
      pane.viewport.invalidate(area);
      this.stroke.area = union(this.stroke.area, area);
    }
    this.stroke.last = point;
  }

  up(pane) {
    if (!this.stroke) return;
    const { layer, area } = this.stroke;
    this.stroke = null;
    if (!area) return;
    const before = layer.map.settle(area);
    let after = null;
    const put = (copy) => {
      after ??= layer.map.copy(area);
      layer.map.restore(copy);
      layer.tiles.refresh(area);
      pane.viewport.invalidate(area);
      countScribbles(pane.document);
    };
    record({ name: "Scribble", undo: () => put(before), redo: () => put(after) });
    countScribbles(pane.document);
  }

  cancel(pane) {
    if (!this.stroke) return;
    const { layer, area } = this.stroke;
    this.stroke = null;
    if (!area) return;
    layer.map.revert(area);
    layer.tiles.refresh(area);
    pane.viewport.invalidate(area);
  }

  draw(glass, pane) {
    if (pane.pointer) drawTip(glass, pane, scribbleRadius(pane.document));
  }
}

/** Half the width of scribbles. */
export const scribbleRadius = (document) => Math.max(2, tipSize(document) / 4);

function makeScribbles(width, height) {
  const map = new LabelMap(width, height, null, []);
  return { map, tiles: new Tiles(map) };
}

/** Show how many regions have scribbles. */
export function countScribbles(document) {
  const { map } = document?.scribbles ?? {};
  set({ scribbled: map ? map.colors.filter((_, label) => map.labels.includes(label)).length : 0 });
}

class HandTool extends Tool {}

/** All tools, in the order of the bar. */
export const TOOLS = [
  { id: "select", name: "Select region", key: "v", tool: new SelectTool(), hint: "Click a region to select it. To mark regions of your own, take Scribble (S) or the brush (B)." },
  { id: "hand", name: "Move picture", key: "h", tool: new HandTool(), hint: "Drag to move the picture. Scroll to zoom." },
  { id: "brush", name: "Brush", key: "b", tool: new BrushTool(false), sized: true, hint: "Paint the selected region." },
  { id: "eraser", name: "Eraser", key: "e", tool: new BrushTool(true), sized: true, hint: "Erased pixels stay as in the photo." },
  { id: "fill", name: "Fill", key: "f", tool: new FillTool(), hint: "Click an area to make it the selected region." },
  { id: "lasso", name: "Lasso", key: "l", tool: new LassoTool(), hint: "Click corners or draw around. Enter closes." },
  { id: "patch", name: "Superpixel brush", key: "p", tool: new PatchTool(), patched: true, hint: "Paint whole patches along edges." },
  { id: "scribble", name: "Scribble", key: "s", tool: new ScribbleTool(), sized: true, hint: "Mark each region, then click Grow." },
  { id: "linear", name: "Linear mask", key: "g", tool: new MaskTool("linear"), photo: true, hint: "Drag from full style to none." },
  { id: "radial", name: "Radial mask", key: "r", tool: new MaskTool("radial"), photo: true, hint: "Drag from the center outward." },
];

/** The entry of the chosen tool. */
export const currentTool = () => TOOLS.find(({ id }) => id === state.tool);

/** Choose a tool, and show what it works on: the map where only the preview is seen, and its panel. */
export function chooseTool(id) {
  const { photo } = TOOLS.find((each) => each.id === id);
  set({ tool: id });
  if (id !== "hand") set({ tab: photo ? "masks" : state.tab === "masks" ? "regions" : state.tab, view: state.view === "preview" ? "both" : state.view });
  if (id === "patch" && documentOf(state.active)) segmentsOf(documentOf(state.active), state.patch);
}
