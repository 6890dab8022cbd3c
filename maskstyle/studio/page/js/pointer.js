/** Mouse, pen and touch on the canvas: tools, panning, pinching, and zoom to the cursor. */

import { pane } from "./canvas.js";
import { byId } from "./dom.js";
import { select } from "./regionlist.js";
import { state } from "./store.js";
import { currentTool } from "./tools.js";

const glass = byId("map-glass");
const pointers = new Map();
let mode = null; // "tool", "pan" or "pinch"
let penSeen = false;

/** Whether the space bar is held: then dragging moves the picture. */
export const held = { space: false };

/** Listen to the canvas. */
export function startPointer() {
  glass.addEventListener("pointerdown", down);
  glass.addEventListener("pointermove", move);
  glass.addEventListener("pointerup", up);
  glass.addEventListener("pointercancel", cancel);
  glass.addEventListener("pointerleave", leave);
  glass.addEventListener("contextmenu", (event) => event.preventDefault());
  glass.addEventListener("wheel", wheel, { passive: false });
}

const tool = () => currentTool().tool;

function pointOf(event) {
  const point = pane.viewport.toPicture(event);
  if (event.pointerType === "pen" && event.pressure > 0) point.pressure = 0.35 + 0.65 * event.pressure;
  return point;
}

function down(event) {
  if (!pane.document) return;
  glass.focus({ preventScroll: true });
  glass.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, { clientX: event.clientX, clientY: event.clientY });
  penSeen ||= event.pointerType === "pen";
  pane.cross = null;
  if (pointers.size === 2) return startPinch();
  if (pointers.size > 2) return;
  const point = pointOf(event);
  if (event.altKey) return pickColor(point);
  const palm = event.pointerType === "touch" && penSeen; // fingers move the picture where a pen paints
  if (event.button === 1 || held.space || state.tool === "hand" || palm) mode = "pan";
  else if (event.button === 0) {
    mode = "tool";
    pane.pointer = point;
    tool().down(pane, point);
  }
  showCursor();
}

/** Select the region under the pointer, in any tool. */
function pickColor(point) {
  const color = pane.document.map?.colorAt(point);
  if (color) select(pane.document.id, color);
}

function startPinch() {
  if (mode === "tool") tool().cancel(pane);
  mode = "pinch";
}

function move(event) {
  const before = pointers.get(event.pointerId);
  if (mode === "pinch" && before) pinch(event);
  else if (mode === "pan" && before) pane.viewport.panBy(event.clientX - before.clientX, event.clientY - before.clientY);
  else if (mode === "tool" && before) paint(event);
  else hover(event);
  if (before) pointers.set(event.pointerId, { clientX: event.clientX, clientY: event.clientY });
}

function paint(event) {
  const all = event.getCoalescedEvents?.() ?? [];
  for (const each of all.length ? all : [event]) tool().move(pane, pointOf(each));
  pane.pointer = pointOf(event);
  pane.redrawGlass();
}

function hover(event) {
  if (event.pointerType === "touch") return;
  pane.pointer = pointOf(event);
  if (pane.document) tool().hover(pane, pane.pointer);
  pane.redrawGlass();
}

function pinch(event) {
  const [a, b] = [...pointers.values()];
  const old = { x: (a.clientX + b.clientX) / 2, y: (a.clientY + b.clientY) / 2, length: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) };
  pointers.set(event.pointerId, { clientX: event.clientX, clientY: event.clientY });
  const [c, d] = [...pointers.values()];
  const middle = { clientX: (c.clientX + d.clientX) / 2, clientY: (c.clientY + d.clientY) / 2 };
  const length = Math.hypot(c.clientX - d.clientX, c.clientY - d.clientY);
  pane.viewport.panBy(middle.clientX - old.x, middle.clientY - old.y);
  if (old.length > 0) pane.viewport.zoomBy(length / old.length, middle);
}

function up(event) {
  if (!pointers.delete(event.pointerId)) return;
  if (mode === "tool") tool().up(pane, pointOf(event));
  if (event.pointerType === "touch") pane.pointer = null;
  if (!pointers.size) mode = null;
  showCursor();
  pane.redrawGlass();
}

function cancel(event) {
  pointers.delete(event.pointerId);
  if (mode === "tool") tool().cancel(pane);
  if (!pointers.size) mode = null;
}

function leave() {
  pane.pointer = null;
  pane.redrawGlass();
}

function wheel(event) {
  event.preventDefault();
  if (!pane.document) return;
  if (event.shiftKey) return pane.viewport.panBy(-event.deltaY - event.deltaX, 0);
  const step = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
  pane.viewport.zoomBy(Math.exp(-Math.max(-100, Math.min(100, step)) / (event.ctrlKey ? 100 : 400)), event);
}

/** The mouse cursor tells what a drag will do. */
export function showCursor() {
  const pans = mode === "pan" || held.space || state.tool === "hand";
  glass.dataset.cursor = pans ? (mode === "pan" ? "grabbing" : "grab") : state.tool;
}
