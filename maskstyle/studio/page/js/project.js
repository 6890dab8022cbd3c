/** The project as the server has it, with changes of this page on top: saved in order, one at a time. */

import { RequestError, request, RETRY } from "./api.js";
import { pictures, say, set, state } from "./store.js";

const DELAY = 150; // ms between a change and its request: sliders send many
const KNOWN = Symbol("known"); // the value of a request that was not needed

let pending = null; // parts not sent yet
let sending = null; // parts on their way
let timer = 0;
let chain = Promise.resolve();
const afterSaving = [];

/** Call `listener` whenever something that the preview shows was saved. */
export const onSaved = (listener) => afterSaving.push(listener);

/** Tell the listeners of `onSaved`. */
export const saved = () => afterSaving.forEach((listener) => listener());

/** Run a request that changes the project, after all before it. Errors appear at `place`; then undefined returns. */
export function inOrder(place, action) {
  const done = chain.then(action).then(
    (value) => (value !== KNOWN && state.message?.place === place && say(place, null), value),
    (error) => failed(place, error),
  );
  chain = done.catch(() => {});
  return done;
}

/** Show what went wrong at `place`; after a conflict, the newest state. */
export function failed(place, error) {
  if (error instanceof RequestError && error.project) {
    pending = sending = null;
    adopt(error.project);
  } else if (!(error instanceof RequestError)) console.error(error);
  say(place, error.message);
}

/** Take a state of the server; changes not saved yet stay on top. */
export function adopt(project) {
  const merged = merge(merge(project, sending), pending);
  const { active } = state;
  set({ project: merged });
  if (!pictures().some((each) => each.id === active)) set({ active: pictures()[0]?.id ?? null });
}

/** Change parts of the project at once, and save them shortly after. */
export function change(parts) {
  pending = mergeParts(pending, parts);
  set({ project: merge(state.project, parts) });
  clearTimeout(timer);
  timer = setTimeout(flush, DELAY);
}

/** Save what `change` left to save, now. */
export function flush() {
  clearTimeout(timer);
  if (!pending) return chain;
  return inOrder("stage", async () => {
    if (!pending) return;
    const parts = (sending = pending);
    pending = null;
    try {
      const project = await request("PUT", "/api/project", { version: state.project.version, ...whole(parts) });
      sending = null;
      adopt(project);
    } catch (error) {
      if (error.later) {
        pending = mergeParts(parts, pending ?? {}); // not lost: it is sent when the server can
        timer = setTimeout(flush, RETRY);
      }
      throw error;
    } finally {
      sending = null;
    }
    saved();
  });
}

/** Send a request that answers with a new state, after changes not saved yet. Returns the state. */
export async function send(place, method, path, body) {
  await flush();
  return inOrder(place, async () => {
    const project = await request(method, path, body);
    adopt(project);
    saved();
    return project;
  });
}

/** Fetch the newest state, after what is on its way, unless `isKnown()` then: a late event takes no message away. */
export const reload = (isKnown = () => false) =>
  inOrder("stage", async () => (isKnown() ? KNOWN : adopt(await request("GET", "/api/project"))));

function mergeParts(old, parts) {
  if (!old) return parts;
  const merged = { ...old, ...parts };
  if (old.regions && parts.regions) merged.regions = mergeList(old.regions, parts.regions, "color", true);
  if (old.masks && parts.masks) merged.masks = mergeList(old.masks, parts.masks, "id", true);
  if (old.names && parts.names) merged.names = mergeNames(old.names, parts.names);
  if (old.settings && parts.settings) merged.settings = { ...old.settings, ...parts.settings };
  return merged;
}

function mergeNames(old, names) {
  const ids = Object.keys({ ...old, ...names });
  return Object.fromEntries(ids.map((id) => [id, { ...old[id], ...names[id] }]));
}

function merge(project, parts) {
  if (!parts || !project) return project;
  const next = { ...project };
  if (parts.settings) next.settings = { ...project.settings, ...parts.settings };
  if (parts.regions) next.regions = mergeList(project.regions, parts.regions, "color", false);
  if (parts.masks) next.masks = mergeList(project.masks, parts.masks, "id", false);
  if (parts.names) next.styles = project.styles.map((style) => renamed(style, parts.names[style.id] ?? {}));
  return next;
}

function renamed(style, names) {
  return { ...style, regions: style.regions.map((region) => ({ ...region, name: names[region.color] ?? region.name })) };
}

function mergeList(list, changes, key, add) {
  const merged = list.map((each) => ({ ...each, ...changes.find((change) => change[key] === each[key]) }));
  return add ? [...merged, ...changes.filter((each) => !list.some((old) => old[key] === each[key]))] : merged;
}

/** The parts as the server takes them: whole regions, and all masks. */
function whole(parts) {
  const { regions, masks } = state.project;
  const sent = { ...parts };
  if (parts.regions) sent.regions = parts.regions.map((each) => ({ ...regions.find(({ color }) => color === each.color), ...each }));
  if (parts.masks) sent.masks = masks.map(({ url, ...mask }) => mask);
  return sent;
}
