/** What a region or mask takes: a painting, one of its regions, strength, stroke size and colors. */

import { h, icon } from "./dom.js";
import { legend } from "./legend.js";
import { picture, state } from "./store.js";
import { choice, slider, swatch } from "./widgets.js";

/** The color modes, as in the plan. */
export const COLORS = [
  ["style", "Of the painting"],
  ["content", "Of the photo"],
  ["luminance", "Of the photo, with its light"],
  ["match", "Matched to the photo"],
];

/** Fields for the style of `target`, which `update(keys, name of the step)` changes. `keeps`: it may also be kept. */
export function appearance(key, target, update, keeps) {
  return [
    paintings(key, target, update, keeps),
    !target.keep && target.style && from(key, target, update),
    !target.keep && target.style && details(key, target, update),
  ];
}

function paintings(key, target, update, keeps) {
  const { styles } = state.project;
  const option = (chosen, label, keys, ...inner) =>
    h("label", { class: "painting", title: label, key: label + (keys.style ?? "") },
      h("input", { type: "radio", name: `style-${key}`, checked: chosen, onchange: () => update(keys, "Choose painting"), "aria-label": label }), ...inner);
  return h("fieldset", { class: "paintings" },
    h("legend", { class: "unseen" }, "Painting"),
    styles.map((style) => option(!target.keep && target.style === style.id, style.name, keeps ? { keep: false, style: style.id, style_color: null } : { style: style.id, style_color: null },
      h("img", { src: style.thumbnail, alt: "" }))),
    keeps && option(target.keep || !target.style, "Keep the photo", { keep: true }, h("span", { class: "keep" }, icon("lock"), "Keep")),
  );
}

/** The painting with its map, to click the region that the style comes from. */
function from(key, target, update) {
  const style = picture(target.style);
  if (!style) return null;
  const choose = (color) => update({ style_color: color }, "Choose region of the painting");
  const chip = (color, label, ...inner) =>
    h("button", { type: "button", key: color ?? "whole", class: "chip", title: label, "aria-label": label, "aria-pressed": String((target.style_color ?? null) === color), onclick: () => choose(color) }, ...inner);
  return h("div", { class: "from", key: "from" },
    legend(`legend-${key}`, style, target.style_color, choose),
    h("div", { class: "chips", role: "group", "aria-label": "Region of the painting" },
      chip(null, "The whole painting", "Whole"),
      style.regions.map((region) => chip(region.color, region.name, swatch(region)))),
  );
}

function details(key, target, update) {
  const { settings } = state.project;
  const reset = (name, keyName) => ({ unset: target[keyName] == null, name, onclick: () => update({ [keyName]: null }, name) });
  return h("div", { class: "details", key: "details" },
    slider({ key: `strength-${key}`, label: "Strength", value: target.strength ?? settings.strength ?? 0.5, min: 0, max: 1, step: 0.01, show: (value) => value.toFixed(2), oninput: (strength) => update({ strength }, "Strength"), reset: reset("Use the strength of the picture", "strength") }),
    "scale" in target && slider({ key: `scale-${key}`, label: "Stroke size", value: target.scale ?? 1, min: 0.25, max: 3, step: 0.05, show: (value) => `×${value.toFixed(2)}`, oninput: (scale) => update({ scale }, "Stroke size"), reset: reset("Use the stroke size of the picture", "scale") }),
    "colors" in target && choice({ key: `colors-${key}`, label: "Colors", value: target.colors ?? "", options: [["", "As the picture"], ...COLORS], onchange: (colors) => update({ colors: colors || null }, "Colors") }),
  );
}
