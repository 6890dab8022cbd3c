/** Linear and radial masks, dragged on the photo and changed at their handles. */

import { addMask, changeMask } from "./masks.js";
import { contentIsActive, say, set, state } from "./store.js";

const NEAR = 14; // CSS pixels around a handle

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
    const { width, height } = pane.document;
    const at = [point.x / width, point.y / height];
    const { start, mask, handle } = this.drag;
    this.drag.geometry = mask ? moved(mask, handle, at) : drawn(this.kind, start, point, width, height);
    pane.draft = { id: mask?.id, kind: mask?.kind ?? this.kind, feather: mask?.feather ?? 1, invert: mask?.invert ?? false, geometry: this.drag.geometry };
    pane.redrawGlass();
  }

  up(pane) {
    const { mask, geometry, start } = this.drag ?? {};
    this.drag = null;
    pane.draft = null;
    if (mask && geometry !== mask.geometry) changeMask(mask, { geometry }, "Move mask");
    else if (start && geometry && isLarge(geometry)) addMask(this.kind, geometry);
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

function drawn(kind, start, point, width, height) {
  const [x0, y0, x1, y1] = [start.x / width, start.y / height, point.x / width, point.y / height];
  if (kind === "linear") return { from: [x0, y0], to: [x1, y1] };
  const radius = Math.hypot(point.x - start.x, point.y - start.y);
  return { center: [x0, y0], radius: [radius / width, radius / height] };
}

function isLarge({ from, to, radius }) {
  return radius ? Math.max(...radius) > 0.01 : Math.hypot(from[0] - to[0], from[1] - to[1]) > 0.01;
}

function moved({ geometry }, handle, [x, y]) {
  if (handle === "from" || handle === "to") return { ...geometry, [handle]: [x, y] };
  const { center, radius } = geometry;
  if (handle === "center") return { ...geometry, center: [x, y] };
  if (handle === "right") return { ...geometry, radius: [Math.max(0.01, Math.abs(x - center[0])), radius[1]] };
  return { ...geometry, radius: [radius[0], Math.max(0.01, Math.abs(y - center[1]))] };
}

/** The handles of a mask as points in fractions of the picture. */
export function handlesOf({ geometry: { from, to, center, radius } }) {
  if (from) return { from, to };
  return { center, right: [center[0] + radius[0], center[1]], bottom: [center[0], center[1] + radius[1]] };
}

function handleAt(pane, point) {
  const { width, height } = pane.document;
  const ordered = [...state.project.masks].sort((a, b) => (a.id === state.mask ? -1 : b.id === state.mask ? 1 : 0));
  for (const mask of ordered) {
    if (mask.kind === "painted") continue;
    for (const [handle, [x, y]] of Object.entries(handlesOf(mask)))
      if (Math.hypot(x * width - point.x, y * height - point.y) * pane.viewport.zoom < NEAR) return { mask, handle };
  }
  return null;
}
