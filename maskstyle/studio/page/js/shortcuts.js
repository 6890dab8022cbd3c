/** Keys: everything that the mouse does. */

import { pane } from "./canvas.js";
import { byId } from "./dom.js";
import { openHelp } from "./help.js";
import { redo, undo } from "./history.js";
import { held, showCursor } from "./pointer.js";
import { addRegion } from "./regionlist.js";
import { selectNumber, toggleKeep } from "./regions.js";
import { startRender } from "./results.js";
import { grow } from "./scribbles.js";
import { say, set, state } from "./store.js";
import { setOpacity, setView } from "./stagebar.js";
import { chooseTool, currentTool, setTip, tipSize, TOOLS } from "./tools.js";
import { visibleViewport } from "./viewport.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Listen to the keyboard. */
export function startShortcuts() {
  addEventListener("keydown", (event) => {
    if (byId("help").open || !state.project?.content) return event.key === "?" && !isTyping(event.target) ? openHelp() : undefined;
    if (event.ctrlKey || event.metaKey) return command(event);
    if (isTyping(event.target)) return;
    if (event.target === byId("map-glass") && canvasKey(event)) return event.preventDefault();
    if (plainKey(event)) event.preventDefault();
  });
  addEventListener("keyup", (event) => {
    if (event.key === " ") held.space = false;
    if (event.key === "\\") set({ before: false });
    if (event.key === "Shift") lift();
    showCursor();
  });
  addEventListener("blur", () => (held.space = false));
}

const isTyping = (element) => element.matches("input[type=text], textarea, select");

function command(event) {
  const key = event.key.toLowerCase();
  if (isTyping(event.target)) return;
  if (key === "z") event.shiftKey ? redo() : undo();
  else if (key === "y") redo();
  else if (key === "enter") startRender();
  else return;
  event.preventDefault();
}

/** Keys that work wherever the focus is, except in text; true if one was meant. */
function plainKey(event) {
  const { key } = event;
  const onControl = event.target.matches("button, a, input");
  if (key === " ") return onControl ? false : holdSpace();
  if (key === "Enter") return onControl ? false : enter();
  if (key === "0" || event.code === "Digit0") return (event.shiftKey ? visibleViewport()?.actualSize() : visibleViewport()?.fit()), true;
  if (/^[1-9]$/.test(key)) return selectNumber(Number(key)), true;
  const tool = TOOLS.find((each) => each.key === key.toLowerCase());
  if (tool && !event.altKey) return byId("tools").querySelector(`[title^="${tool.name} ("]`)?.disabled || chooseTool(tool.id), true;
  const action = ACTIONS[key.toLowerCase()];
  if (!action || event.altKey) return false;
  action();
  return true;
}

const ACTIONS = {
  "[": () => resize(1 / 1.2),
  "]": () => resize(1.2),
  ",": () => setOpacity(state.opacity - 0.1),
  ".": () => setOpacity(state.opacity + 0.1),
  o: () => set({ overlay: !state.overlay }),
  n: () => addRegion(state.active),
  k: () => toggleKeep(),
  w: () => setView({ map: "both", both: "preview", preview: "map" }[state.view]),
  "+": () => visibleViewport()?.zoomBy(1.4),
  "=": () => visibleViewport()?.zoomBy(1.4),
  "-": () => visibleViewport()?.zoomBy(1 / 1.4),
  "\\": () => set({ before: true }),
  "?": openHelp,
  escape: () => (say("stage", null), currentTool().tool.cancel(pane), set({ asked: null })),
};

function holdSpace() {
  held.space = true;
  showCursor();
  return true;
}

function enter() {
  if (state.tool === "scribble") grow();
  else currentTool().tool.finish(pane);
  return true;
}

function resize(factor) {
  if (currentTool().patched) set({ patch: Math.min(96, Math.max(8, state.patch + (factor > 1 ? 4 : -4))) });
  else if (pane.document) setTip(pane.document, (factor > 1 ? Math.ceil : Math.floor)(tipSize(pane.document) * factor));
}

let drawing = false;

/** Arrows and Enter on the canvas move and use a cursor. */
function canvasKey(event) {
  const way = ARROWS[event.key];
  if (way && event.altKey) return pane.viewport.panBy(-40 * way[0], -40 * way[1]), true;
  if (way) return moveCross(way, event.shiftKey), true;
  if (event.key !== "Enter" || !pane.cross) return false;
  click();
  return true;
}

function moveCross([dx, dy], draws) {
  const { document, viewport } = pane;
  if (!document) return;
  const { width, height } = document;
  const step = Math.max(1, 8 / viewport.zoom);
  const { tool } = currentTool();
  const from = pane.cross ?? { x: width / 2, y: height / 2 };
  if (draws && !drawing) tool.down(pane, from);
  drawing = draws;
  pane.cross = { x: Math.min(width - 1, Math.max(0, from.x + dx * step)), y: Math.min(height - 1, Math.max(0, from.y + dy * step)) };
  pane.pointer = pane.cross;
  if (draws) tool.move(pane, pane.cross);
  else tool.hover(pane, pane.cross);
  pane.redrawGlass();
}

/** The Shift key went up: the stroke ends. */
function lift() {
  if (drawing) currentTool().tool.up(pane, pane.cross);
  drawing = false;
}

function click() {
  const { tool } = currentTool();
  tool.down(pane, pane.cross);
  tool.up(pane, pane.cross);
  pane.redrawGlass();
}
