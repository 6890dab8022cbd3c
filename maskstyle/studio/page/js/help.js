/** The sheet with all keys. */

import { byId, h, render } from "./dom.js";
import { TOOLS } from "./tools.js";
import { iconButton } from "./widgets.js";

const GROUPS = [
  ["Tools", TOOLS.map(({ key, name }) => [key.toUpperCase(), name])],
  ["Painting", [
    ["[ and ]", "Smaller, larger tip or patch"],
    ["1 to 9", "Select the region with this number"],
    ["Alt + click", "Select the region under the pointer"],
    ["N", "New region"],
    ["K", "Keep the photo in this region, or not"],
    ["Enter", "Close the lasso, grow scribbles"],
    ["Escape", "Drop the lasso or the message"],
    ["Ctrl + Z", "Undo"],
    ["Ctrl + Shift + Z", "Redo"],
  ]],
  ["Canvas, without a mouse", [
    ["Arrows", "Move the cursor"],
    ["Shift + arrows", "Draw with the tool"],
    ["Enter", "Click with the tool"],
    ["Alt + arrows", "Move the picture"],
    ["Tab", "To the next part of the page"],
  ]],
  ["View", [
    ["Scroll, + and -", "Zoom"],
    ["0", "Show the whole picture"],
    ["Shift + 0", "Actual pixels"],
    ["Space + drag", "Move the picture; H and drag, too"],
    ["W", "Map, both, preview"],
    ["O", "Show or hide the map"],
    [", and .", "Opacity of the map"],
    ["\\", "Show the photo in the preview while held"],
    ["Ctrl + Enter", "Render"],
    ["?", "This sheet"],
  ]],
];

/** Show the sheet. */
export function openHelp() {
  const dialog = byId("help");
  render(dialog, h("div", { class: "help" },
    h("div", { class: "help-head" }, h("h2", { id: "help-title" }, "Keys"), iconButton("Close", "close", () => dialog.close())),
    h("div", { class: "help-groups" }, GROUPS.map(([name, keys]) =>
      h("section", { key: name }, h("h3", null, name),
        h("dl", null, keys.map(([key, text]) => [h("dt", null, h("kbd", null, key)), h("dd", null, text)]))))),
    h("p", { class: "hint" }, "Pen: pressure changes the tip, and fingers move the picture. Touch: one finger paints, two move and zoom.")));
  dialog.onclick = (event) => event.target === dialog && dialog.close();
  if (!dialog.open) dialog.showModal();
}
