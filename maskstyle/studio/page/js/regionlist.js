/** The regions of each picture: those of the server, and those of the map that have no pixels yet, or no longer. */

import { documentOf } from "./documents.js";
import { channels } from "./png.js";
import { changeUndoably } from "./history.js";
import { picture, set, state } from "./store.js";

const COLORS = [
  "#c84632", "#1e50a0", "#fad750", "#6e8c3c", "#8c4696", "#3caaaa", "#f08c3c", "#f5aabe",
  "#5a3c28", "#8cc8f0", "#145a46", "#b4b4b4", "#e61e78", "#bee650", "#3c3c8c", "#f5e6c8",
];

const MOST = 64; // regions of a map

const seen = new Map(); // the last state of each region, by picture and color: it may have no pixels at the moment

/** The regions of a picture, by number. In a doodle, those of the painting are there from the start. */
export function regionsOf(id) {
  const { project } = state;
  const info = picture(id);
  if (!info) return [];
  const known = project.content?.id === id ? project.regions : info.regions;
  const list = [...known];
  if (isDoodle(id))
    for (const region of project.styles[0]?.regions ?? [])
      if (!list.some(({ color }) => color === region.color)) list.push({ ...region, share: 0 });
  if (isDoodle(id)) list.forEach((region, index) => (list[index] = { ...region, ...legendOf(region.color) }));
  list.forEach((region) => seen.set(`${id} ${region.color}`, region));
  for (const color of documentOf(id)?.map?.colors ?? [])
    if (!list.some((region) => region.color === color)) list.push({ ...(seen.get(`${id} ${color}`) ?? fresh(color, list)), share: 0 });
  return list.sort((a, b) => a.number - b.number);
}

function legendOf(color) {
  const found = state.project.styles[0]?.regions.find((region) => region.color === color);
  return found ? { number: found.number, name: found.name } : {};
}

/** Whether a picture is the canvas of a doodle. */
export const isDoodle = (id) => state.project?.mode === "doodle" && state.project.content?.id === id;

function fresh(color, list) {
  const number = Math.max(0, ...list.map((region) => region.number)) + 1;
  return { color, number, name: "New region", share: 0, keep: false, style: null, style_color: null };
}

/** Add a region in a color far from the others, and select it. */
export function addRegion(id) {
  const used = regionsOf(id).map(({ color }) => color);
  const farthest = COLORS.map((color) => [Math.min(9e9, ...used.map((other) => distance(color, other))), color]);
  const color = farthest.reduce((best, each) => (each[0] > best[0] ? each : best))[1];
  const document = documentOf(id);
  if (!document?.map || used.length >= MOST) return;
  document.map.labelOf(color);
  document.tiles.colorize(color);
  select(id, color);
}

function distance(a, b) {
  const [p, q] = [channels(a), channels(b)];
  return p.reduce((sum, value, index) => sum + (value - q[index]) ** 2, 0);
}

/** Select a region of a picture. */
export function select(id, color) {
  set({ selected: { ...state.selected, [id]: color }, mask: null });
}

/** Change keys of a region of the content image, undoably. */
export function changeRegion(region, keys, name) {
  const before = { color: region.color };
  for (const key of Object.keys(keys)) before[key] = region[key] ?? null;
  if ("keep" in before) before.keep = Boolean(region.keep);
  const key = `region ${region.color} ${Object.keys(keys)}`;
  changeUndoably(name, key, { regions: [before] }, { regions: [{ color: region.color, ...keys }] });
}

/** Rename a region of a picture, undoably. */
export function renameRegion(id, region, name) {
  if (!name.trim() || name === region.name) return;
  const parts = (text) => ({ names: { [id]: { [region.color]: text } } });
  if (state.project.content?.id === id) changeRegion(region, { name: name.trim() }, "Rename region");
  else changeUndoably("Rename region", null, parts(region.name), parts(name.trim()));
}
