/** The canvas with the active picture: photo, map, scribbles, numbers, and the tool on top. */

import { documentOf, onLoaded } from "./documents.js";
import { byId } from "./dom.js";
import { drawHandles, drawTint } from "./maskview.js";
import { isDoodle, regionsOf } from "./regionlist.js";
import { on, selectedColor, set, state } from "./store.js";
import { currentTool } from "./tools.js";
import { Viewport } from "./viewport.js";

const glass = byId("map-glass");
const pencil = glass.getContext("2d");
const BENEATH_SCRIBBLES = 0.25; // most opacity of the map: scribbles have the colors of its regions

/** What tools work on: the open document, its viewport, and the pointer in pixels of the picture (or null). */
export const pane = {
  document: null,
  viewport: new Viewport(byId("map-canvas"), paint),
  pointer: null,
  draft: null,
  redrawGlass,
};

let glassFrame = 0;

/** Draw the layer on top again before the next frame. */
function redrawGlass() {
  glassFrame ||= requestAnimationFrame(drawGlass);
}

pane.viewport.onpainted = () => {
  redrawGlass();
  set({ zoom: Math.round(100 * pane.viewport.zoom) });
};

function paint(context, transform, area) {
  const { document } = pane;
  context.fillStyle = getComputedStyle(byId("stage")).getPropertyValue("--canvas");
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  if (!document) return;
  paintPhoto(context, transform, document);
  const scribbles = document.scribbles && state.tool === "scribble";
  if (document.tiles && state.overlay) {
    context.globalAlpha = isDoodle(document.id) ? 1 : Math.min(state.opacity, scribbles ? BENEATH_SCRIBBLES : 1);
    drawTiles(document.tiles, context, transform, area);
    context.globalAlpha = 1;
  }
  if (scribbles) drawTiles(document.scribbles.tiles, context, transform, area);
}

function drawTiles(tiles, context, transform, area) {
  const late = tiles.draw(context, transform, area);
  if (late) pane.viewport.invalidate(late);
}

/** Draw the picture of a document from the smallest of its levels that is large enough. */
export function paintPhoto(context, { zoom, left, top }, { width, height, levels }) {
  const [x, y, w, h] = [left, top, Math.round(left + width * zoom) - left, Math.round(top + height * zoom) - top];
  if (!levels.length) {
    context.fillStyle = "#fff";
    return context.fillRect(x, y, w, h);
  }
  const fitting = levels.filter((level) => level.width >= w);
  context.imageSmoothingEnabled = zoom < 2;
  context.drawImage(fitting.at(-1) ?? levels[0], x, y, w, h);
}

function drawGlass() {
  glassFrame = 0;
  if (!pane.viewport.isVisible) return;
  const ratio = pane.viewport.ratio;
  const [width, height] = [Math.round(glass.clientWidth * ratio), Math.round(glass.clientHeight * ratio)];
  if (glass.width !== width || glass.height !== height) Object.assign(glass, { width, height });
  pencil.setTransform(ratio, 0, 0, ratio, 0, 0);
  pencil.clearRect(0, 0, width, height);
  if (!pane.document) return;
  drawTint(pencil, pane);
  if (state.overlay) drawNumbers();
  drawHandles(pencil, pane);
  currentTool().tool.draw(pencil, pane);
  if (pane.cross) drawCross();
}

/** Numbers on the regions, so that colors are not all that tells them apart. */
function drawNumbers() {
  const { map, anchors, id } = pane.document;
  if (!map) return;
  pencil.font = "600 12px system-ui, sans-serif";
  Object.assign(pencil, { textAlign: "center", textBaseline: "middle" });
  for (const region of regionsOf(id)) {
    const at = anchors[map.colors.indexOf(region.color)];
    if (at) drawNumber(pane.viewport.toCanvas(at), region.number, region.color === selectedColor());
  }
}

function drawNumber({ x, y }, number, chosen) {
  pencil.beginPath();
  pencil.arc(x, y, chosen ? 12 : 10, 0, 2 * Math.PI);
  pencil.fillStyle = chosen ? "#fff" : "rgba(20, 20, 22, 0.82)";
  pencil.fill();
  Object.assign(pencil, { strokeStyle: chosen ? "#000" : "rgba(255, 255, 255, 0.75)", lineWidth: chosen ? 2 : 1 });
  pencil.stroke();
  pencil.fillStyle = chosen ? "#000" : "#fff";
  pencil.fillText(number, x, y + 0.5);
}

/** The cursor of the keyboard. */
function drawCross() {
  const { x, y } = pane.viewport.toCanvas(pane.cross);
  for (const [color, width] of [["#000", 3], ["#fff", 1]]) {
    Object.assign(pencil, { strokeStyle: color, lineWidth: width });
    pencil.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      pencil.moveTo(x + 4 * dx, y + 4 * dy);
      pencil.lineTo(x + 14 * dx, y + 14 * dy);
    }
    pencil.stroke();
  }
}

/** Show the active picture, once its document is there. */
function show() {
  const document = documentOf(state.active) ?? null;
  if (document === pane.document) return;
  pane.document = document;
  pane.cross = null;
  if (document) pane.viewport.show(document.id, document.width, document.height);
  else pane.viewport.redraw();
}

/** Connect the canvas with the state. */
export function startCanvas() {
  onLoaded((document) => {
    show();
    if (document === pane.document) recolor();
    pane.viewport.redraw();
  });
  on("active project", show);
  on("active selected", recolor);
  on("opacity overlay theme tool", () => pane.viewport.redraw());
  on("painted", () => {
    if (state.painted && state.painted.id === pane.document?.id) pane.viewport.invalidate(state.painted.area);
  });
  on("project mask tab", redrawGlass);
}

function recolor() {
  const tiles = pane.document?.tiles;
  const color = selectedColor();
  if (!tiles || tiles.selected === color) return;
  tiles.colorize(color);
  pane.viewport.redraw();
}
