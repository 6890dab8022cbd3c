/** Draws masks over the photo: a tint where the style goes, and handles. */

import { handlesOf } from "./masktool.js";
import { contentIsActive, state } from "./store.js";

const TINT = "46, 196, 182";

const isActive = () => state.tab === "masks" || ["linear", "radial"].includes(state.tool);

/** The masks of the photo with handles, and whether each is the chosen one; `pane.draft` is the one being dragged. */
function shown(pane) {
  if (!contentIsActive() || !state.project.masks || !isActive()) return [];
  const masks = state.project.masks.map((mask) => (mask.id === pane.draft?.id ? pane.draft : mask));
  if (pane.draft && !pane.draft.id) masks.push(pane.draft);
  return masks.filter(({ kind }) => kind !== "painted").map((mask) => ({ mask, chosen: mask === pane.draft || mask.id === state.mask }));
}

/** Draw where the chosen mask lies. */
export function drawTint(glass, pane) {
  for (const { mask, chosen } of shown(pane)) if (chosen) tint(glass, pane, mask);
}

/** Draw the handles of all masks. */
export function drawHandles(glass, pane) {
  for (const { mask, chosen } of shown(pane)) drawMask(glass, pane, mask, chosen);
}

/** Fill the picture with the mask as a gradient of the tint. */
function tint(glass, pane, mask) {
  const corner = pane.viewport.toCanvas({ x: 0, y: 0 });
  const end = pane.viewport.toCanvas({ x: pane.document.width, y: pane.document.height });
  glass.save();
  glass.beginPath();
  glass.rect(corner.x, corner.y, end.x - corner.x, end.y - corner.y);
  glass.clip();
  const gradient = mask.kind === "linear" ? linear(glass, pane, mask) : radial(glass, pane, mask);
  const [inside, outside] = mask.complement ? [0, 0.6] : [0.6, 0];
  const [fadeFrom, fadeTo] = mask.kind === "linear" ? [0.5 - mask.feather / 2, 0.5 + mask.feather / 2] : [1 - mask.feather, 1];
  gradient.addColorStop(fadeFrom, `rgba(${TINT}, ${inside})`);
  gradient.addColorStop(Math.min(1, fadeTo), `rgba(${TINT}, ${outside})`);
  glass.fillStyle = gradient;
  glass.fillRect(-1e5, -1e5, 2e5, 2e5);
  glass.restore();
}

function linear(glass, pane, mask) {
  const { from, to } = placed(pane, mask);
  return glass.createLinearGradient(from.x, from.y, to.x, to.y);
}

function radial(glass, pane, mask) {
  const { center, edge } = placed(pane, mask);
  return glass.createRadialGradient(center.x, center.y, 0, center.x, center.y, Math.max(1, edge.x - center.x));
}

/** The handles of a mask in the canvas. */
function placed(pane, mask) {
  return Object.fromEntries(Object.entries(handlesOf(mask)).map(([name, point]) => [name, pane.viewport.toCanvas(point)]));
}

function drawMask(glass, pane, mask, chosen) {
  const handles = placed(pane, mask);
  for (const [color, width] of [["rgba(0, 0, 0, 0.7)", 3], ["#fff", chosen ? 1.5 : 1]]) {
    Object.assign(glass, { strokeStyle: color, lineWidth: width });
    glass.beginPath();
    if (handles.from) glass.moveTo(handles.from.x, handles.from.y), glass.lineTo(handles.to.x, handles.to.y);
    else {
      const { center, edge } = handles;
      glass.arc(center.x, center.y, edge.x - center.x, 0, 2 * Math.PI);
    }
    glass.stroke();
  }
  for (const [name, { x, y }] of Object.entries(handles)) {
    glass.beginPath();
    glass.arc(x, y, chosen ? 6 : 4, 0, 2 * Math.PI);
    glass.fillStyle = name === "from" || name === "center" ? `rgb(${TINT})` : "#fff";
    Object.assign(glass, { strokeStyle: "#000", lineWidth: 1.5 });
    glass.fill();
    glass.stroke();
  }
}
