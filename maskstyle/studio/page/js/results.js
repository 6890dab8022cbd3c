/** Renders and results below the canvas: size, queue, progress, and going back to a result's plan. */

import { request, sentence } from "./api.js";
import { saveAll } from "./documents.js";
import { byId, h, icon, render } from "./dom.js";
import { change, flush, send } from "./project.js";
import { on, say, set, state } from "./store.js";
import { iconButton, sureButton } from "./widgets.js";

const NAMES = { draft: "Draft", screen: "Screen", print: "Print", original: "Original" };

const FULL = "Full quality";
const QUALITY = { draft: "Small network, seconds" };

/** Draw the strip whenever renders or results change. */
export function startResults() {
  on("project renders results message", () => render(byId("render"), state.project ? controls() : []));
  on("renders results result", () => render(byId("history"), strip()));
}

/** Fetch renders and results. */
export async function loadResults() {
  const [results, renders] = await Promise.all([request("GET", "/api/results"), request("GET", "/api/renders")]);
  set({ results: newestFirst(results), renders: renders.filter(isOpen) });
}

const newestFirst = (results) => [...results].sort((a, b) => (a.id < b.id ? 1 : -1));

const isOpen = ({ state: now }) => now === "queued" || now === "running";

function controls() {
  const problem = state.message?.place === "render" ? state.message.text : null;
  const ready = state.project.content && !state.project.problem;
  return [
    h("div", { class: "render-row" },
      h("select", { "aria-label": "Size of the render", value: state.project.settings.size, onchange: (event) => change({ settings: { size: event.target.value } }) }, sizes().map(([value, text]) => h("option", { value }, text))),
      h("button", { type: "button", class: "primary", disabled: !ready, title: ready ? `${QUALITY[state.project.settings.size] ?? FULL} (Ctrl+Enter)` : sentence(state.project.problem), onclick: startRender }, state.renders.length ? "Queue" : "Render")),
    h("p", { class: problem ? "problem" : "hint", role: problem && "alert" }, problem ?? hint(ready)),
  ];
}

function sizes() {
  const known = state.project.sizes?.length ? state.project.sizes : Object.keys(NAMES).map((name) => ({ name }));
  return known.map(({ name, width, height }) => [name, width ? `${NAMES[name] ?? name}, ${width} × ${height}` : NAMES[name]]);
}

function hint(ready) {
  if (!ready) return sentence(state.project.problem) ?? "";
  const running = state.renders.length;
  return running ? `${running} ${running === 1 ? "render" : "renders"} to do` : `${QUALITY[state.project.settings.size] ?? FULL}, saved in the project`;
}

/** Queue a render of the project as it is. */
export async function startRender() {
  if (!state.project?.content || state.project.problem) return;
  await saveAll(); // the last stroke is part of the render
  await flush();
  try {
    onRender(await request("POST", "/api/renders", { size: state.project.settings.size }));
    say("render", null);
  } catch (error) {
    say("render", error.message);
  }
}

const ended = new Set(); // ids of renders that ended: what arrives late about them does not count

/** A render was queued, went on, or ended. */
export async function onRender(event) {
  if (ended.has(event.id)) return;
  if (isOpen(event)) return set({ renders: withRender(event) });
  ended.add(event.id);
  const results = await request("GET", "/api/results").then(newestFirst, () => state.results);
  set({ renders: state.renders.filter(({ id }) => id !== event.id), results });
  if (state.result === event.id && !results.some(({ id }) => id === event.id)) set({ result: null });
  if (event.state === "failed") say("render", sentence(event.detail || "the render failed; try again"));
}

function withRender(event) {
  const known = state.renders.some(({ id }) => id === event.id);
  return known ? state.renders.map((each) => (each.id === event.id ? { ...each, ...event } : each)) : [...state.renders, event];
}

function strip() {
  if (!state.renders.length && !state.results.length)
    return h("li", { class: "hint", key: "empty" }, "Results appear here, each with its plan to go back to.");
  return [...state.renders.map(running).reverse(), ...state.results.map(finished)];
}

function running(each) {
  const queued = each.state === "queued";
  const left = each.seconds_left == null ? "" : `${duration(each.seconds_left)} left`;
  return h("li", { key: `render-${each.id}`, class: "result running" },
    h("button", { type: "button", class: "thumb", "aria-pressed": String(state.result === each.id), disabled: !each.url, onclick: () => toggle(each.id), "aria-label": queued ? "Queued render" : `Running render, ${left}` },
      each.url ? h("img", { src: each.url, alt: "" }) : h("span", { class: "paper" }, queued ? "Queued" : "Starting")),
    h("progress", { max: "1", value: each.progress ?? 0, "aria-label": "Progress of the render" }),
    h("span", { class: "caption" }, queued ? "queued" : left || "starting"),
    iconButton(queued ? "Remove from the queue" : "Stop; keeps the best picture so far", "stop", () => act("POST", `/api/renders/${each.id}/stop`), { class: "small" }));
}

/** Seconds as "42 s" or "2 min 5 s". */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function finished(each) {
  const size = `${each.width} × ${each.height}`;
  const stopped = each.state === "stopped";
  return h("li", { key: each.id, class: "result" },
    h("button", { type: "button", class: "thumb", title: [each.name, size, each.detail].filter(Boolean).join(", "), "aria-pressed": String(state.result === each.id), "aria-label": `Result ${each.name}, ${size}${stopped ? ", stopped" : ""}`, onclick: () => toggle(each.id) },
      h("img", { src: each.thumbnail, alt: "" })),
    h("span", { class: "caption" }, stopped ? "stopped" : size));
}

function toggle(id) {
  set({ result: state.result === id ? null : id, view: state.view === "map" ? "both" : state.view });
}

async function act(method, path) {
  try {
    await request(method, path);
    say("render", null);
    return true;
  } catch (error) {
    say("render", error.message);
    return false;
  }
}

/** The bar over a shown result: what it is, downloads, and back to its plan. */
export function resultBar() {
  const { result: id } = state;
  const found = state.results.find((each) => each.id === id);
  if (!found) return [h("span", { class: "bar-name" }, "Render in progress"), close()];
  const download = (label, path, name, title = `Download ${label}`) => h("a", { class: "quiet", key: label, href: path, download: name, title }, icon("download"), label);
  return [
    h("span", { class: "bar-name result-name" }, found.name, h("small", null, `${found.width} × ${found.height}, ${duration(found.seconds ?? 0)}${found.detail && `, ${found.detail}`}`)),
    download("PNG", found.url, `${found.name}.png`),
    found.layers && download("Layers", found.layers, ""),
    download("Plan", found.plan, "", "Download the plan with its files, for maskstyle run"),
    sureButton(`restore-${id}`, "Go back to this", "Replace maps, masks and settings?", () => restore(id), "back"),
    sureButton(`delete-${id}`, "Delete", "Delete it?", () => remove(id), "trash", false),
    close(),
  ];
}

const close = () => iconButton("Close; show the live preview", "close", () => set({ result: null }), { key: "close" });

async function restore(id) {
  await saveAll(); // undoing brings it back
  if (await send("render", "POST", `/api/results/${id}/restore`)) set({ result: null });
}

async function remove(id) {
  if (await act("DELETE", `/api/results/${id}`)) set({ results: state.results.filter((each) => each.id !== id), result: null });
}
