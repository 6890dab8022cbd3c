/** The project as the server has it, with changes of this page on top: saved in order, one at a time. */

import { RequestError, request } from "./api.js";
import { pictures, say, set, state } from "./store.js";

const DELAY = 150; // ms between a change and its request: sliders send many

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
    (value) => (say(place, null), value),
    (error) => failed(place, error),
  );
  chain = done.catch(() => {});
  return done;
}

function failed(place, error) {
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

/** Take only the version and regions that a saved map brought. */
export function adoptMap(id, { map_version, regions, version }) {
  const update = (each) => (each?.id === id ? { ...each, map_version, regions, map: each.map ?? `/api/images/${id}/map` } : each);
  const { project } = state;
  const next = { ...project, version: version ?? project.version, content: update(project.content), styles: project.styles.map(update) };
  if (project.content?.id === id) next.regions = regionsAfter(project.regions, regions);
  set({ project: next });
}

const FRESH = { keep: false, style: null, style_color: null, strength: null, scale: null, colors: null };

function regionsAfter(known, regions) {
  return regions.map((region) => ({ ...FRESH, ...known.find(({ color }) => color === region.color), ...region }));
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
    sending = pending;
    pending = null;
    try {
      const project = await request("PUT", "/api/project", { version: state.project.version, ...sending });
      sending = null;
      adopt(project);
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

/** Fetch the newest state. */
export const reload = () => inOrder("stage", async () => adopt(await request("GET", "/api/project")));

function mergeParts(old, parts) {
  if (!old) return parts;
  const merged = { ...old, ...parts };
  if (old.regions && parts.regions) merged.regions = mergeList(old.regions, parts.regions, "color", true);
  for (const key of ["settings", "page"]) if (old[key] && parts[key]) merged[key] = { ...old[key], ...parts[key] };
  if (old.names && parts.names) merged.names = mergeNames(old.names, parts.names);
  return merged;
}

function mergeNames(old, names) {
  const ids = new Set([...Object.keys(old), ...Object.keys(names)]);
  return Object.fromEntries([...ids].map((id) => [id, { ...old[id], ...names[id] }]));
}

function merge(project, parts) {
  if (!parts || !project) return project;
  const next = { ...project };
  for (const key of ["settings", "page"]) if (parts[key]) next[key] = { ...project[key], ...parts[key] };
  if (parts.mode) next.mode = parts.mode;
  if (parts.regions) next.regions = mergeList(project.regions, parts.regions, "color", false);
  for (const [id, names] of Object.entries(parts.names ?? {})) rename(next, id, names);
  return next;
}

function mergeList(list, changes, key, add) {
  const merged = list.map((each) => ({ ...each, ...changes.find((change) => change[key] === each[key]) }));
  return add ? [...merged, ...changes.filter((each) => !list.some((old) => old[key] === each[key]))] : merged;
}

function rename(project, id, names) {
  const named = (regions) => regions.map((each) => (names[each.color] === undefined ? each : { ...each, name: names[each.color] }));
  const update = (each) => (each?.id === id ? { ...each, regions: named(each.regions) } : each);
  if (project.content?.id === id) project.regions = named(project.regions);
  project.content = update(project.content);
  project.styles = project.styles.map(update);
}
