/** The strip of pictures at the top: the photo and the paintings; adding, removing and reordering them. */

import { byId, h, icon, render } from "./dom.js";
import { flush, send } from "./project.js";
import { on, say, set, state } from "./store.js";
import { iconButton, sureButton } from "./widgets.js";

const TYPES = "image/*,.heic,.heif,.avif,.tif,.tiff,.psd";
let dragged = null;

/** Draw the strip whenever the pictures change. */
export function startPictures() {
  on("project active uploading message", () => render(byId("pictures"), state.project ? strip() : []));
}

function strip() {
  const { content, styles, mode } = state.project;
  return [
    content && item(content, mode === "doodle" ? "Doodle" : "Photo"),
    content && h("span", { class: "divider", key: "divider", "aria-hidden": "true" }),
    styles.map((style) => item(style, "Painting")),
    content && h("button", { type: "button", key: "add", class: "add-picture", title: "Add paintings", disabled: Boolean(state.uploading), onclick: () => choose("style") },
      icon("plus"), h("span", null, state.uploading ?? (styles.length ? "Add" : "Add painting"))),
    state.message?.place === "pictures" && content && [
      h("span", { class: "problem", role: "alert", key: "problem" }, state.message.text),
      iconButton("Close message", "close", () => say("pictures", null), { class: "small", key: "close" })],
  ];
}

function item(info, role) {
  const movable = role === "Painting";
  return h("button", { type: "button", key: info.id, class: "picture", title: info.name, "aria-pressed": String(state.active === info.id), "aria-label": `${role} ${info.name}`,
    onclick: () => set({ active: info.id }), draggable: movable && "true",
    ondragstart: movable && ((event) => ((dragged = info.id), event.dataTransfer.setData("text/plain", info.name))),
    ondragend: () => (dragged = null),
    ondragover: movable && ((event) => dragged && event.preventDefault()),
    ondrop: movable && ((event) => dragged && (event.preventDefault(), event.stopPropagation(), reorder(dragged, info.id))) },
    info.thumbnail ? h("img", { src: info.thumbnail, alt: "", draggable: "false" }) : h("span", { class: "paper" }, icon("edit")),
    h("span", { class: "caption" }, role));
}

function reorder(id, before) {
  const ids = state.project.styles.map((style) => style.id);
  const from = ids.indexOf(id);
  const to = ids.indexOf(before);
  if (from === to || from < 0) return;
  ids.splice(to, 0, ...ids.splice(from, 1));
  send("pictures", "PUT", "/api/styles/order", ids);
}

/** Buttons for a picture in the panel: replace or remove it, move a painting. */
export function pictureButtons(info) {
  const ids = state.project.styles.map((style) => style.id);
  const at = ids.indexOf(info.id);
  const move = (step) => reorder(info.id, ids[at + step]);
  return [
    at >= 0 && ids.length > 1 && iconButton("Move painting to the left", "left", () => move(-1), { disabled: at === 0, key: "left" }),
    at >= 0 && ids.length > 1 && iconButton("Move painting to the right", "right", () => move(1), { disabled: at === ids.length - 1, key: "right" }),
    at < 0 && state.project.mode !== "doodle" && iconButton("Choose another photo", "image", () => choose("content"), { key: "other" }),
    sureButton(`remove-${info.id}`, "Remove", "Remove it?", () => send("pictures", "DELETE", `/api/images/${info.id}`)),
  ];
}

/** Let the person choose files for a role, then upload them. */
export function choose(role) {
  const input = document.createElement("input");
  Object.assign(input, { type: "file", accept: TYPES, multiple: role === "style" });
  input.onchange = () => upload([...input.files], role);
  byId("chooser").replaceChildren(input); // in the page, so that tests and assistive technology find it
  input.click();
}

/** Upload files: as `role`, or the first as photo where there is none and the others as paintings. Then show all problems. */
export async function upload(files, role, problems = []) {
  await flush();
  for (const [index, file] of files.entries()) {
    const as = role ?? (state.project.content || index ? "style" : "content");
    set({ uploading: files.length > 1 ? `Adding ${index + 1} of ${files.length} ...` : "Adding ..." });
    const form = new FormData();
    form.append("role", as);
    form.append("file", file);
    const project = await send("pictures", "POST", "/api/images", form);
    if (project && (as === "content" || !state.active)) set({ active: project.content?.id ?? state.active });
    if (!project) problems.push(state.message?.text);
  }
  if (problems.length) say("pictures", [...new Set(problems)].join(" ")); // the next file that is taken clears a message
  set({ uploading: null });
}

/** Open a sample: a photo, a painting and their maps. */
export async function openSample(name) {
  const project = await send("pictures", "POST", `/api/samples/${name}`);
  if (project) set({ active: project.content.id });
}

/** Accept files dropped on or pasted into the page. */
export function startDrops() {
  const zone = byId("drop");
  const draw = () => render(zone, targets());
  let leaving = 0;
  const hide = () => (zone.hidden = true);
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    if (zone.hidden) draw();
    zone.hidden = false;
    clearTimeout(leaving);
    leaving = setTimeout(hide, 300); // dragover repeats while the files hover over the page
  });
  addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    hide();
    const items = [...event.dataTransfer.items].filter(({ kind }) => kind === "file");
    const folders = items.map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry?.isDirectory);
    const names = new Set(folders.map(({ name }) => name)); // a folder is among the files, too
    const files = [...event.dataTransfer.files].filter(({ name }) => !names.has(name));
    const problems = [...names].map((name) => `${name} is a folder; open it, and drop the pictures in it.`);
    upload(files, event.target.closest("[data-role]")?.dataset.role, problems);
  });
  addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files].filter(({ type }) => type.startsWith("image/"));
    if (files.length) upload(files);
  });
}

function targets() {
  if (!state.project?.content) return h("div", { class: "drop-target" }, icon("image"), "Drop the photo, then paintings");
  return [
    h("div", { class: "drop-target", "data-role": "style", key: "style" }, icon("plus"), "Add as painting"),
    h("div", { class: "drop-target", "data-role": "content", key: "content" }, icon("image"), "Use as photo"),
  ];
}

