/** Masks: making and changing them, and their panel. */

import { h, icon } from "./dom.js";
import { changeUndoably, record } from "./history.js";
import { send } from "./project.js";
import { set, state } from "./store.js";
import { appearance } from "./regionfields.js";
import { iconButton, slider } from "./widgets.js";

/** Add a mask, select it, and show its panel. Undoing removes it. */
export async function addMask(kind, geometry) {
  const known = new Set(state.project.masks.map(({ id }) => id));
  const style = state.project.styles[0]?.id ?? null;
  const project = await send("stage", "POST", "/api/masks", { name: nameFor(kind), kind, geometry, style });
  const mask = project?.masks.find(({ id }) => !known.has(id));
  if (!mask) return;
  set({ mask: mask.id, tab: "masks" });
  record({ name: "Add mask", undo: () => removeMask(mask), redo: () => restoreMask(mask) });
}

function nameFor(kind) {
  const count = state.project.masks.filter((mask) => mask.kind === kind).length + 1;
  return `${kind === "linear" ? "Linear" : "Radial"} ${count}`;
}

/** What the server takes: no id, address, version or painting. */
function plain({ id, url, version, content, painted, ...mask }) {
  return mask;
}

async function restoreMask(mask) {
  const project = await send("stage", "POST", "/api/masks", plain(mask));
  if (project) mask.id = project.masks.at(-1).id;
}

const removeMask = (mask) => send("stage", "DELETE", `/api/masks/${mask.id}`);

/** Change keys of a mask, undoably. */
export function changeMask(mask, keys, name) {
  const before = Object.fromEntries(Object.keys(keys).map((key) => [key, mask[key] ?? null]));
  const parts = (values) => ({ masks: [{ id: mask.id, ...values }] });
  changeUndoably(name, `mask ${mask.id} ${Object.keys(keys)}`, parts(before), parts(keys));
}

/** The panel: masks in a list; the selected one shows what it takes. */
export function masksPanel() {
  const { masks } = state.project;
  if (!masks.length)
    return [h("p", { class: "hint" }, "A mask fades a painting in over the photo, across regions. Choose ",
      h("b", null, "Linear mask"), " or ", h("b", null, "Radial mask"), " on the left and drag on the photo.")];
  return [h("ul", { class: "list" }, masks.map(maskRow)),
    h("p", { class: "hint" }, "Drag the handles on the photo to move a mask.",
      state.project.regions.some(({ keep, share }) => keep && share > 0) && " Regions that keep the photo keep it under masks, too.")];
}

function maskRow(mask) {
  const chosen = state.mask === mask.id;
  const choose = () => set({ mask: chosen ? null : mask.id });
  return h("li", { key: mask.id, class: chosen ? "row chosen" : "row" },
    h("button", { type: "button", class: "row-head", "aria-expanded": String(chosen), onclick: choose },
      icon(mask.kind === "radial" ? "radial" : "linear"), h("span", { class: "name" }, mask.name)),
    chosen && maskFields(mask));
}

function maskFields(mask) {
  const update = (keys, name) => changeMask(mask, keys, name);
  return h("div", { class: "fields" },
    appearance(`mask-${mask.id}`, mask, update, false),
    slider({ key: `feather-${mask.id}`, label: "Feather", value: mask.feather, min: 0, max: 1, step: 0.01, show: (value) => `${Math.round(100 * value)}%`, oninput: (feather) => update({ feather }, "Feather") }),
    h("div", { class: "buttons" },
      h("label", { class: "check" },
        h("input", { type: "checkbox", checked: mask.complement, onchange: (event) => update({ complement: event.target.checked }, "Invert mask") }), "Invert"),
      iconButton("Remove mask", "trash", () => remove(mask))));
}

function remove(mask) {
  removeMask(mask);
  set({ mask: null });
  record({ name: "Remove mask", undo: () => restoreMask(mask), redo: () => removeMask(mask) });
}
