/** Linear and radial masks, dragged on the photo and changed at their handles. */

import { addMask, changeMask } from "./masks.js";
import { contentIsActive, say, set, state } from "./store.js";

const NEAR = matchMedia("(pointer: coarse)").matches ? 24 : 14; // CSS pixels around a handle: a finger covers more

/** Drag to make a mask; drag a handle of any mask to change it. */
export class MaskTool {
  constructor(kind) {
    this.kind = kind;
  }

  down(pane, point) {
    if (!contentIsActive()) return say("stage", "Masks lie on the photo: show the photo to drag one.");
    const grabbed = handleAt(pane, point);
    if (grabbed) {
      set({ mask: grabbed.mask.id, tab: "masks" });
      this.drag = { ...grabbed, geometry: grabbed.mask.geometry };
    } else this.drag = { start: point, geometry: null };
  }

  move(pane, point) {
    if (!this.drag) return;
    const { start, mask, handle } = this.drag;
    this.drag.geometry = mask ? moved(mask, handle, point) : drawn(this.kind, start, point);
    pane.draft = { kind: this.kind, feather: 1, complement: false, ...mask, geometry: this.drag.geometry };
    pane.redrawGlass();
  }

  up(pane) {
    const { mask, geometry, start } = this.drag ?? {};
    this.drag = null;
    pane.draft = null;
    if (mask && geometry !== mask.geometry) changeMask(mask, { geometry }, "Move mask");
    else if (start && geometry && isLarge(geometry, pane.document)) addMask(this.kind, geometry);
    pane.redrawGlass();
  }

  hover() {}
  finish() {}

  cancel(pane) {
    this.drag = pane.draft = null;
    pane.redrawGlass();
  }

  draw() {}
}

function drawn(kind, start, { x, y }) {
  if (kind === "linear") return { x0: start.x, y0: start.y, x1: x, y1: y };
  return { x: start.x, y: start.y, radius: Math.hypot(x - start.x, y - start.y) };
}

function isLarge({ x0, y0, x1, y1, radius }, { width, height }) {
  return (radius ?? Math.hypot(x1 - x0, y1 - y0)) > 0.01 * Math.max(width, height);
}

function moved({ geometry }, handle, { x, y }) {
  if (handle === "from") return { ...geometry, x0: x, y0: y };
  if (handle === "to") return { ...geometry, x1: x, y1: y };
  if (handle === "center") return { ...geometry, x, y };
  return { ...geometry, radius: Math.max(1, Math.hypot(x - geometry.x, y - geometry.y)) };
}

/** The handles of a mask as points of the picture. */
export function handlesOf({ geometry: { x0, y0, x1, y1, x, y, radius } }) {
  if (radius === undefined) return { from: { x: x0, y: y0 }, to: { x: x1, y: y1 } };
  return { center: { x, y }, edge: { x: x + radius, y } };
}

function handleAt(pane, point) {
  const ordered = [...state.project.masks].sort((a, b) => (a.id === state.mask ? -1 : b.id === state.mask ? 1 : 0));
  for (const mask of ordered) {
    if (mask.kind === "painted") continue;
    for (const [handle, { x, y }] of Object.entries(handlesOf(mask)))
      if (Math.hypot(x - point.x, y - point.y) * pane.viewport.zoom < NEAR) return { mask, handle };
  }
  return null;
}
