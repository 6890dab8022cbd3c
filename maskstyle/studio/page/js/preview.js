/** The live preview: asks for a new one after each change, shows it as it grows, compares it with the photo. */

import { request, sentence } from "./api.js";
import { inBackground } from "./background.js";
import { paintPhoto } from "./canvas.js";
import { documentOf, onLoaded } from "./documents.js";
import { byId, h, icon, render } from "./dom.js";
import { onSaved } from "./project.js";
import { resultBar } from "./results.js";
import { on, set, state } from "./store.js";
import { Viewport, visibleViewport } from "./viewport.js";

const canvas = byId("preview-canvas");
const handle = byId("compare");
const viewport = new Viewport(canvas, paint);
let bitmap = null; // the newest picture of the preview, the render or the result
let split = 0.5; // of the picture's width: before lies at the left
let timer = 0;
let wanted = null; // id of the newest preview

/** Connect the preview with the state, the server's events and its slider. */
export function startPreview() {
  onSaved(ask);
  on("project", follow);
  on("result", showResult);
  on("view before theme", () => (viewport.redraw(), placeHandle()));
  on("project preview result renders results message view asked before", draw);
  onLoaded((document) => document.id === state.project?.content?.id && viewport.redraw());
  viewport.onpainted = () => {
    placeHandle();
    if (visibleViewport() === viewport) set({ zoom: Math.round(100 * viewport.zoom) });
  };
  startHandle();
  startMoving();
}

/** Ask for a preview of what is saved; changes in quick succession ask once. */
export function ask() {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    if (!state.project?.content || state.project.problem) return;
    set({ preview: { ...state.preview, step: 0, done: false, error: null } });
    try {
      const { id } = await request("POST", "/api/preview", {});
      wanted = id;
    } catch (error) {
      set({ preview: { ...state.preview, done: true, error: error.message } });
    }
  }, 30);
}

/** A step of a preview arrived. */
export async function onPreview(event) {
  if (wanted && event.id !== wanted && !(Number(event.id) > Number(wanted))) return;
  const { step, steps, done, detail } = event;
  set({ preview: { step, steps, done, error: detail ? sentence(detail) : null } });
  if (event.url && !state.result) await show(event.url, () => !state.result);
  if (event.url) state.preview.url = event.url;
}

let showing = 0;

async function show(url, still) {
  const turn = ++showing;
  try {
    const next = await inBackground("bitmap", { blob: await request("GET", url) });
    if (turn !== showing || !still()) return next.close();
    bitmap?.close();
    bitmap = next;
    viewport.redraw();
    draw();
  } catch {
    // the picture was replaced by a newer one, which follows
  }
}

/** Show the chosen result or running render, or the live preview again. */
function showResult() {
  const { result } = state;
  const url = result ? (state.results.find(({ id }) => id === result)?.url ?? state.renders.find(({ id }) => id === result)?.url) : state.preview.url;
  if (url) show(url, () => state.result === result);
}

/** A step of a render arrived; it is shown if it is the chosen one. */
export function onGrown({ id, url }) {
  if (state.result === id && url) show(url, () => state.result === id);
}

let shownContent = null;

function follow() {
  const content = state.project?.content;
  if (!content || shownContent === content.id) return;
  shownContent = content.id;
  bitmap = null;
  viewport.show(content.id, content.width, content.height);
}

const compares = () => state.view === "preview" && state.project?.mode === "photo";

function paint(context, transform) {
  context.fillStyle = getComputedStyle(byId("stage")).getPropertyValue("--canvas");
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  const document = documentOf(state.project?.content?.id);
  if (!document) return;
  const { zoom, left, top } = transform;
  const [x, y, w, h] = [left, top, Math.round(document.width * zoom), Math.round(document.height * zoom)];
  if (!bitmap || state.before || compares()) paintPhoto(context, transform, document);
  if (!bitmap || state.before) return;
  const cut = compares() ? split : 0;
  context.save();
  context.beginPath();
  context.rect(x + w * cut, y, w, h);
  context.clip();
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, x, y, w, h);
  context.restore();
}

function placeHandle() {
  handle.hidden = !compares() || !bitmap;
  const content = state.project?.content;
  if (handle.hidden || !content) return;
  const top = viewport.toCanvas({ x: 0, y: 0 });
  const bottom = viewport.toCanvas({ x: content.width, y: content.height });
  handle.style.left = `${top.x + (bottom.x - top.x) * split}px`;
  handle.style.top = `${Math.max(0, top.y)}px`;
  handle.style.height = `${Math.min(canvas.clientHeight, bottom.y) - Math.max(0, top.y)}px`;
  handle.setAttribute("aria-valuenow", Math.round(100 * split));
  handle.setAttribute("aria-valuetext", `${Math.round(100 * split)}% before`);
}

function moveTo(share) {
  split = Math.min(1, Math.max(0, share));
  viewport.redraw();
}

function startHandle() {
  handle.onpointerdown = (event) => handle.setPointerCapture(event.pointerId);
  handle.onpointermove = (event) => {
    if (handle.hasPointerCapture(event.pointerId)) moveTo(viewport.toPicture(event).x / state.project.content.width);
  };
  handle.onkeydown = (event) => {
    const step = { ArrowLeft: -0.02, ArrowRight: 0.02, PageDown: -0.1, PageUp: 0.1, Home: -1, End: 1 }[event.key];
    if (!step) return;
    moveTo(split + step);
    event.preventDefault();
    event.stopPropagation();
  };
}

/** Drag moves the picture, the wheel zooms; two fingers do both. */
function startMoving() {
  const pointers = new Map();
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, event);
  };
  canvas.onpointermove = (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const share = 1 / pointers.size;
    viewport.panBy((event.clientX - before.clientX) * share, (event.clientY - before.clientY) * share);
    const other = [...pointers.values()].find(({ pointerId }) => pointerId !== event.pointerId);
    if (other) viewport.zoomBy(apart(event, other) / Math.max(1, apart(before, other)), other);
    pointers.set(event.pointerId, event);
  };
  canvas.onpointerup = canvas.onpointercancel = (event) => pointers.delete(event.pointerId);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    viewport.zoomBy(Math.exp(-Math.max(-100, Math.min(100, event.deltaY)) / (event.ctrlKey ? 100 : 400)), event);
  }, { passive: false });
}

const apart = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);

function draw() {
  render(byId("preview-bar"), state.result ? resultBar() : previewBar());
  const problem = state.project?.content && !bitmap ? (state.preview.error ?? sentence(state.project.problem)) : null;
  const box = byId("preview-empty");
  box.hidden = !problem;
  render(box, problem && h("p", null, problem));
}

function previewBar() {
  const { step, steps, done, error } = state.preview;
  const name = done ? "Preview" : steps ? `Preview, step ${step} of ${steps}` : "Preview ...";
  return [
    h("span", { class: "bar-name", role: "status" }, bitmap && error ? error : name),
    !done && h("progress", { max: String(steps || 1), value: steps ? step : undefined, "aria-label": "Progress of the preview" }),
    bitmap && state.project?.mode === "photo" && photoButton(),
  ];
}

/** A button that shows the photo while it is pressed, by a pointer or a key. */
function photoButton() {
  const press = () => set({ before: true });
  const release = () => set({ before: false });
  const key = (act) => (event) => [" ", "Enter"].includes(event.key) && (event.preventDefault(), act());
  return h("button", { type: "button", class: "quiet", title: "Show the photo while pressed (\\)", "aria-pressed": String(Boolean(state.before)),
    onpointerdown: press, onpointerup: release, onpointerleave: release, onpointercancel: release, onkeydown: key(press), onkeyup: key(release), onblur: release }, icon("compare"), "Photo");
}
