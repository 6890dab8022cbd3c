/** The panel at the right: tabs for regions, masks and settings, and what the active picture is. */

import { sentence } from "./api.js";
import { byId, h, icon, render } from "./dom.js";
import { onLoaded } from "./documents.js";
import { changeUndoably } from "./history.js";
import { masksPanel } from "./masks.js";
import { pictureButtons } from "./pictures.js";
import { COLORS } from "./regionfields.js";
import { regionsPanel } from "./regions.js";
import { isDoodle } from "./regionlist.js";
import { contentIsActive, on, picture, set, state } from "./store.js";
import { choice, slider } from "./widgets.js";

/** Draw the panel whenever something in it changes. */
export function startSide() {
  const draw = () => render(byId("side"), state.project ? panel() : []);
  on("project active selected mask tab asked renaming drafting draftRegions", draw);
  onLoaded(draw);
}

function panel() {
  const info = picture(state.active);
  if (!info) return h("div", { class: "panel" }, h("p", { class: "hint" }, "Regions of the photo appear here, and what each of them takes."));
  const tab = contentIsActive() ? state.tab : "regions";
  return [
    h("div", { class: "side-head" },
      h("h2", null, contentIsActive() ? (isDoodle(info.id) ? "Doodle" : "Photo") : "Painting", h("span", { class: "file" }, info.name)),
      h("div", { class: "buttons" }, pictureButtons(info))),
    info.notes.map((note) => h("p", { class: "hint note", key: note }, sentence(note))),
    contentIsActive() && h("div", { role: "tablist", "aria-label": "Panels", class: "tabs", onkeydown: arrows }, tabs(tab)),
    h("div", { class: "panel", role: contentIsActive() && "tabpanel", "aria-labelledby": contentIsActive() && `tab-${tab}`, key: `panel-${tab}` },
      tab === "regions" ? regionsPanel() : tab === "masks" ? masksPanel() : settingsPanel()),
  ];
}

function tabs(tab) {
  const { masks } = state.project;
  const names = { regions: "Regions", masks: masks.length ? `Masks (${masks.length})` : "Masks", settings: "Picture" };
  if (isDoodle(state.active)) delete names.masks;
  return Object.entries(names).map(([id, name]) =>
    h("button", { type: "button", key: id, id: `tab-${id}`, role: "tab", "aria-selected": String(tab === id), tabindex: tab === id ? "0" : "-1", onclick: () => set({ tab: id }) }, name));
}

function arrows(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  const all = [...event.currentTarget.children];
  const next = all[(all.indexOf(event.target) + step + all.length) % all.length];
  next.click();
  next.focus();
}

/** Settings of the whole picture. */
function settingsPanel() {
  const { settings } = state.project;
  const update = (name, key, value) => changeUndoably(name, `settings ${key}`, { settings: { [key]: settings[key] } }, { settings: { [key]: value } });
  const doodle = isDoodle(state.active);
  return [
    h("p", { class: "hint" }, "For the whole picture; a region or mask can have its own."),
    !doodle && slider({ key: "strength", label: "Strength", value: settings.strength ?? 0.5, min: 0, max: 1, step: 0.01, show: (value) => value.toFixed(2), oninput: (value) => update("Strength", "strength", value), note: noteOfOwn("strength", "a strength") }),
    slider({ key: "stroke", label: "Stroke size", value: settings.stroke ?? 1, min: 0.25, max: 3, step: 0.05, show: (value) => `×${value.toFixed(2)}`, oninput: (value) => update("Stroke size", "stroke", value) }),
    !doodle && choice({ key: "colors", label: "Colors", value: settings.colors ?? "style", options: COLORS, onchange: (value) => update("Colors", "colors", value), note: noteOfOwn("colors", "colors") }),
  ];
}

/** Where a setting of the picture has no effect: regions and masks that have `name` of their own; null if none has. */
function noteOfOwn(key, name) {
  const { regions, masks, styles } = state.project;
  const painted = styles.length ? [...regions.filter(({ keep, style, share }) => !keep && style && share > 0), ...masks] : [];
  const own = painted.filter((each) => each[key] != null);
  if (!own.length) return null;
  const kinds = [regions.some((each) => own.includes(each)) && "region", masks.some((each) => own.includes(each)) && "mask"].filter(Boolean).join(" and ");
  const all = own.length === painted.length;
  const [they, theirs] = own.length === 1 ? ["it has", "its"] : ["they have", "their"];
  const text = all ? `No effect: every ${kinds} has ${name} of its own.` : `No effect on ${own.length} of ${painted.length}: ${they} ${name} of ${theirs} own.`;
  return [text, " ", h("button", { type: "button", class: "link", onclick: () => useEverywhere(key, own) }, "Use this everywhere")];
}

function useEverywhere(key, own) {
  const [regions, masks] = [own.filter(({ color }) => color), own.filter(({ color }) => !color)];
  const parts = (value) => ({
    ...(regions.length && { regions: regions.map((each) => ({ color: each.color, [key]: value(each) })) }),
    ...(masks.length && { masks: masks.map((each) => ({ id: each.id, [key]: value(each) })) }),
  });
  changeUndoably("Use the setting of the picture", null, parts((each) => each[key]), parts(() => null));
}
