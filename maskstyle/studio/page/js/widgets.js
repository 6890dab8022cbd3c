/** Controls that the panels share: buttons with icons, sliders with a number, choices. */

import { h, icon } from "./dom.js";
import { set, state } from "./store.js";

/** A button that shows only an icon; `name` is its label and tooltip. */
export function iconButton(name, symbol, onclick, props = {}) {
  return h("button", { type: "button", "aria-label": name, title: name, ...props, class: `icon-button ${props.class ?? ""}`, onclick }, icon(symbol));
}

/** A slider with its label and value. `reset` shows a button that goes back to the default; `note` stands below. */
export function slider({ key, label, value, min, max, step, show, oninput, reset, note }) {
  const id = `slider-${key}`;
  return h("div", { class: "field", key: id },
    h("label", { for: id }, label),
    h("output", { for: id, class: reset?.unset ? "faint" : "" }, show(value)),
    h("input", { id, type: "range", min, max, step, value: String(value), "aria-valuetext": show(value), "aria-describedby": note && `${id}-note`, oninput: (event) => oninput(Number(event.target.value)) }),
    reset && !reset.unset && iconButton(reset.name, "back", reset.onclick, { class: "small" }),
    note && h("p", { id: `${id}-note`, class: "hint" }, note),
  );
}

/** A labelled list to choose from; `options` are [value, text], and `note` stands below. */
export function choice({ key, label, value, options, onchange, note }) {
  const id = `choice-${key}`;
  return h("div", { class: "field", key: id },
    h("label", { for: id }, label),
    h("select", { id, value, "aria-describedby": note && `${id}-note`, onchange: (event) => onchange(event.target.value) }, options.map(([each, text]) => h("option", { value: each }, text))),
    note && h("p", { id: `${id}-note`, class: "hint" }, note),
  );
}

/** A square in the color of a region, with its number. */
export function swatch(region) {
  return h("span", { class: "swatch", style: { "--color": region.color } }, String(region.number));
}

/** A share as "12%"; small ones as "<1%". */
export const percent = (share) => (share > 0 && share < 0.01 ? "<1%" : `${Math.round(100 * share)}%`);

/** Buttons of which one is chosen, as radio buttons. */
export function segments(name, value, options, onchoose) {
  return options.map(([each, text]) =>
    h("label", { key: each, class: "segment" },
      h("input", { type: "radio", name, value: each, checked: value === each, onchange: () => onchoose(each) }),
      h("span", null, text)));
}

/** A button that asks once more before it acts; `spelled`: its name is beside its icon. */
export function sureButton(key, name, question, onsure, symbol = "trash", spelled = true) {
  const props = { type: "button", key };
  const ask = () => set({ asked: key });
  if (state.asked !== key && !spelled) return iconButton(name, symbol, ask, { key });
  if (state.asked !== key) return h("button", { ...props, class: "quiet", onclick: ask }, icon(symbol), name);
  const act = () => (set({ asked: null }), onsure());
  return h("button", { ...props, class: "danger", onclick: act, onblur: () => set({ asked: null }) }, question);
}
