/** Around the canvas: the tools, their options, views, messages, and the page before there is a photo. */

import { byId, h, icon, render } from "./dom.js";
import { startDoodle } from "./doodle.js";
import { openHelp } from "./help.js";
import { redo, undo } from "./history.js";
import { choose, openSample } from "./pictures.js";
import { grow } from "./scribbles.js";
import { contentIsActive, on, picture, say, set, state } from "./store.js";
import { switchTheme } from "./theme.js";
import { chooseTool, currentTool, largestTip, scribbleRadius, setTip, tipSize, TOOLS } from "./tools.js";
import { visibleViewport } from "./viewport.js";
import { iconButton, segments } from "./widgets.js";

const VIEWS = [["map", "Map"], ["both", "Both"], ["preview", "Preview"]];

/** Draw the bars whenever their state changes. */
export function startBars() {
  on("tool active project undoName redoName", () => render(byId("tools"), tools()));
  on("tool tip patch opacity overlay scribbled growing zoom active project view", () => render(byId("options"), state.project?.content ? options() : []));
  on("view theme", () => {
    render(byId("views"), segments("view", state.view, VIEWS, setView));
    render(byId("top-buttons"),
      iconButton("Dark or light", "theme", switchTheme), iconButton("Help and keys (?)", "help", openHelp));
    byId("panes").dataset.view = state.view;
  });
  on("project view", arrange);
  new ResizeObserver(arrange).observe(byId("panes"));
  on("message connected refused", showMessage);
  on("drafting project active", () => render(byId("map-status"), state.drafting === state.active && state.active ? "Drafting a map ..." : ""));
  on("project uploading message", showWelcome);
}

/** Choose what the canvas shows: the map, the preview, or both. */
export const setView = (view) => set({ view });

/** Map and preview side by side or stacked, whichever shows the photo larger. */
function arrange() {
  const { clientWidth: wide, clientHeight: high } = byId("panes");
  const { width = 1, height = 1 } = state.project?.content ?? {};
  const beside = Math.min(wide / 2 / width, high / height);
  byId("panes").dataset.arrangement = Math.min(wide / width, high / 2 / height) > beside ? "stacked" : "beside";
}

function isUsable({ id, photo }) {
  if (state.project.mode === "doodle" && contentIsActive()) return !photo && id !== "patch" && id !== "scribble";
  return !photo || contentIsActive();
}

function tools() {
  const arrows = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const all = [...byId("tools").querySelectorAll("button:not(:disabled)")];
    all[(all.indexOf(event.target) + step + all.length) % all.length].focus();
    event.preventDefault();
    event.stopPropagation();
  };
  const off = !state.project?.content;
  const buttons = TOOLS.map((each) =>
    iconButton(`${each.name} (${each.key.toUpperCase()})`, each.id, () => chooseTool(each.id), {
      key: each.id, "aria-pressed": String(state.tool === each.id), disabled: off || !isUsable(each), onkeydown: arrows }));
  const step = (name, verb, key) => (name ? `${verb} ${name[0].toLowerCase()}${name.slice(1)} (${key})` : `${verb} (${key})`);
  return [buttons, h("span", { class: "gap" }),
    iconButton(step(state.undoName, "Undo", "Ctrl+Z"), "undo", undo, { disabled: !state.undoName, key: "undo", onkeydown: arrows }),
    iconButton(step(state.redoName, "Redo", "Ctrl+Shift+Z"), "redo", redo, { disabled: !state.redoName, key: "redo", onkeydown: arrows })];
}

function options() {
  const { sized, patched, hint, id } = currentTool();
  const shown = picture(state.active) ?? state.project.content;
  const range = (key, label, props, shown, oninput) =>
    h("label", { class: "option", key }, h("span", null, label),
      h("input", { type: "range", "aria-label": label, "aria-valuetext": shown, ...props, oninput: (event) => oninput(Number(event.target.value)) }), h("output", null, shown));
  if (state.view === "preview") return [h("span", { class: "hint tool-hint" }, `${state.project.mode === "doodle" ? "" : "Drag the line to compare with the photo. "}Choose a tool to paint.`), h("span", { class: "gap" }), zoom()];
  return [
    h("strong", { class: "tool-name" }, currentTool().name),
    sized && range("size", "Size", { min: 1, max: largestTip(shown), value: String(tipSize(shown)), title: "[ and ]" }, `${id === "scribble" ? Math.round(2 * scribbleRadius(shown)) : tipSize(shown)} px`, (size) => setTip(shown, size)),
    patched && range("patch", "Patch", { min: 8, max: 96, step: 4, value: String(state.patch), title: "[ and ]" }, `${state.patch} px`, (patch) => set({ patch })),
    id === "scribble" && h("button", { type: "button", key: "grow", class: "primary small", disabled: (state.scribbled ?? 0) < 2 || state.growing, onclick: grow }, state.growing ? "Growing ..." : "Grow"),
    h("span", { class: "hint tool-hint" }, hint),
    h("span", { class: "gap" }),
    state.project.mode !== "doodle" && iconButton("Show map (O)", "eye", () => set({ overlay: !state.overlay }), { key: "eye", "aria-pressed": String(state.overlay) }),
    state.project.mode !== "doodle" && range("opacity", "Map", { min: 0.1, max: 1, step: 0.05, value: String(state.opacity), title: "Opacity of the map (, and .)" }, `${Math.round(100 * state.opacity)}%`, setOpacity),
    zoom(),
  ];
}

function zoom() {
  return h("div", { class: "zoom", role: "group", "aria-label": "Zoom", key: "zoom" },
    iconButton("Zoom out (-)", "minus", () => visibleViewport()?.zoomBy(1 / 1.4)),
    h("button", { type: "button", class: "quiet", title: "Actual pixels (Shift+0)", "aria-label": `${state.zoom ?? 100}%, show actual pixels`, onclick: () => visibleViewport()?.actualSize() }, `${state.zoom ?? 100}%`),
    iconButton("Zoom in (+)", "plus", () => visibleViewport()?.zoomBy(1.4)),
    iconButton("Show the whole picture (0)", "fit", () => visibleViewport()?.fit()));
}

/** Set the opacity of the map. */
export const setOpacity = (opacity) => set({ opacity: Math.min(1, Math.max(0.1, opacity)) });

const GONE =
  "The studio's server does not answer. Start maskstyle studio again; the page goes on by itself, or opens from the new link.";
const RESTARTED = "The studio was restarted; open the address that its terminal shows.";

function showMessage() {
  const text = !state.connected
    ? state.refused ? RESTARTED : GONE
    : state.message?.place === "stage" ? state.message.text : null;
  const box = byId("message");
  box.hidden = !text;
  render(box, text && [h("span", null, text), state.connected && iconButton("Close message", "close", () => say("stage", null), { class: "small" })]);
}

function showWelcome() {
  const empty = Boolean(state.project) && !state.project.content;
  byId("welcome").hidden = !empty;
  byId("panes").hidden = byId("options").hidden = empty;
  render(byId("welcome"), empty ? welcome() : []);
}

function welcome() {
  const { samples, styles } = state.project;
  const problem = state.message?.place === "pictures" ? state.message.text : null;
  return h("div", { class: "welcome" },
    h("div", { class: "welcome-drop" }, icon("image"),
      h("h2", null, "Drop a photo here"),
      h("p", null, "Then add one or more paintings, and say which part of the photo takes which."),
      h("div", { class: "buttons" },
        h("button", { type: "button", class: "primary", disabled: Boolean(state.uploading), onclick: () => choose("content") }, state.uploading ?? "Choose a photo"),
        h("button", { type: "button", class: "quiet", onclick: startDoodle }, icon("edit"), "Start with a doodle")),
      problem && h("p", { class: "problem", role: "alert" }, problem),
      styles.length > 0 && h("p", { class: "hint" }, `${styles.length} ${styles.length === 1 ? "painting is" : "paintings are"} ready.`)),
    samples.length > 0 && h("div", { class: "samples" },
      h("h3", null, "Or try a sample"),
      h("div", null, samples.map((sample) =>
        h("button", { type: "button", key: sample.name ?? sample, class: "sample", onclick: () => openSample(sample.name ?? sample) },
          sample.thumbnail && h("img", { src: sample.thumbnail, alt: "" }), h("span", null, sample.title ?? sample))))));
}
