/** The list of regions: select, rename, say what each takes; and the map of the active picture. */

import { documentOf, draft } from "./documents.js";
import { h, icon } from "./dom.js";
import { legend, WIDE } from "./legend.js";
import { appearance } from "./regionfields.js";
import { addRegion, changeRegion, isDoodle, regionsOf, renameRegion, select } from "./regionlist.js";
import { contentIsActive, picture, selectedColor, set, state } from "./store.js";
import { iconButton, percent, swatch } from "./widgets.js";

/** The panel of the active picture's regions. */
export function regionsPanel() {
  const id = state.active;
  const list = regionsOf(id);
  return [
    !contentIsActive() && h("p", { class: "hint" }, "Regions of a painting are where styles come from. Show the photo to say which region takes which."),
    state.drafting === id && !list.length && h("p", { class: "hint", role: "status" }, "Drafting a first map ..."),
    isDoodle(id) && doodleLegend(id),
    h("ul", { class: "list", "aria-label": "Regions" }, list.map((region) => row(id, region))),
    h("div", { class: "buttons", key: "buttons" },
      h("button", { type: "button", class: "quiet", onclick: () => addRegion(id), title: "Add a region (N)" }, icon("plus"), "Add region"),
      !isDoodle(id) && draftAgain(id)),
    contentIsActive() && !isDoodle(id) && inspector(list.find(({ color }) => color === selectedColor())),
  ];
}

/** The painting of a doodle: its regions are the brushes. */
function doodleLegend(id) {
  const style = state.project.styles[0];
  if (!style) return h("p", { class: "hint" }, "Add a painting: its regions become the brushes of the doodle.");
  return h("div", { class: "doodle-legend", key: "doodle-legend" },
    h("p", { class: "hint" }, "Pick a brush: click a region of the painting."),
    legend("doodle-legend", style, selectedColor(), (color) => select(id, color), WIDE));
}

function draftAgain(id) {
  const info = picture(id);
  const count = state.draftRegions ?? Math.min(8, Math.max(2, info?.regions.length || 4));
  return h("div", { class: "draft" },
    h("button", { type: "button", class: "quiet", disabled: state.drafting === id, title: "Draft the map again, with this many regions", onclick: () => draft(id, count) }, icon("wand"), state.drafting === id ? "Drafting ..." : "Draft"),
    h("select", { "aria-label": "Regions to draft", value: String(count), onchange: (event) => set({ draftRegions: Number(event.target.value) }) },
      [2, 3, 4, 5, 6, 7, 8].map((each) => h("option", { value: String(each) }, String(each)))));
}

function row(id, region) {
  const chosen = selectedColor() === region.color;
  const renamed = chosen && state.renaming === region.color;
  return h("li", { key: region.color, class: chosen ? "row chosen" : "row" },
    h("div", { class: "row-line" },
      h("button", { type: "button", class: "row-head", "aria-pressed": String(chosen), onclick: () => select(id, region.color), "aria-label": label(id, region) },
        swatch(region),
        !renamed && h("span", { class: "name" }, region.name),
        !renamed && h("span", { class: "share" }, percent(region.share)),
        !renamed && contentIsActive() && !isDoodle(id) && region.share > 0 && takes(region)),
      renamed && nameField(id, region),
      chosen && !isDoodle(id) && region.share > 0 && iconButton("Rename region", "edit", () => set({ renaming: state.renaming ? null : region.color }), { class: "small" })));
}

function label(id, region) {
  const share = `${region.number}, ${region.name}, ${percent(region.share)}`;
  if (id !== state.project.content?.id) return share;
  if (isDoodle(id)) return share;
  const style = picture(region.style);
  return `${share}, ${region.keep || !style ? "keeps the photo" : `takes ${style.name}`}`;
}

/** What the selected region takes. */
function inspector(region) {
  if (!region) return null;
  const name = `inspector-${region.color}`;
  return h("section", { class: "inspector", key: "inspector", "aria-labelledby": name },
    h("h3", { id: name }, swatch(region), region.keep ? `${region.name} keeps the photo` : region.share ? `${region.name} takes` : region.name),
    fields(region));
}

function fields(region) {
  if (!state.project.styles.length)
    return h("p", { class: "hint" }, "Add a painting to give this region a style: drop its file on the page, or use Add painting at the top.");
  if (!region.share) return h("p", { class: "hint" }, "Paint this region in the picture first, then say what it takes.");
  return appearance(region.color.slice(1), region, (keys, name) => changeRegion(region, keys, name), true);
}

/** What a region takes, at the end of its row. */
function takes(region) {
  const style = picture(region.style);
  if (region.keep || !style) return h("span", { class: "takes", title: "Keeps the photo" }, icon("lock"));
  const from = style.regions.find(({ color }) => color === region.style_color);
  return h("span", { class: "takes", title: `Takes ${style.name}` }, h("img", { src: style.thumbnail, alt: "" }), from && swatch(from));
}

function nameField(id, region) {
  const done = (event) => {
    renameRegion(id, region, event.target.value);
    set({ renaming: null });
  };
  const keys = (event) => {
    event.stopPropagation();
    if (event.key === "Enter") event.target.blur();
    if (event.key === "Escape") (event.target.value = region.name), event.target.blur();
  };
  const focus = (input) => input.isConnected && document.activeElement !== input && (input.focus(), input.select());
  return h("input", { type: "text", class: "rename", "aria-label": "Name of the region", maxlength: 60, value: region.name, onblur: done, onkeydown: keys,
    ref: (input) => queueMicrotask(() => focus(input)) });
}

/** Select the region with this number; for the digit keys. */
export function selectNumber(number) {
  const region = regionsOf(state.active).find((each) => each.number === number);
  if (region && documentOf(state.active)) select(state.active, region.color);
}

/** Keep the selected region, or let it take a painting again. */
export function toggleKeep() {
  const region = contentIsActive() && regionsOf(state.active).find(({ color }) => color === selectedColor());
  if (!region || isDoodle(state.active)) return;
  const style = region.style ?? state.project.styles[0]?.id ?? null;
  changeRegion(region, region.keep ? { keep: false, style } : { keep: true }, "Keep region");
}
