/** The state of the page, in one place. Modules read `state`, change it with `set`, and listen with `on`. */

/** What the page shows. `project` is the server's state with local changes on top. */
export const state = {
  project: null,
  results: [],
  renders: [],
  active: null, // id of the picture in the canvas
  selected: {}, // selected color by id of the picture
  mask: null, // id of the selected mask
  result: null, // id of the result shown in place of the preview
  tool: "select",
  tip: 0.08, // diameter of brushes, as a share of the longer side of the picture
  patch: 24, // side of superpixels
  opacity: 0.55,
  overlay: true,
  view: "both", // map | preview | both
  tab: "regions",
  preview: { step: 0, steps: 0, done: true, error: null },
  message: null, // { place, text }
  connected: true,
  refused: false, // whether a restarted server does not know this page's cookie
};

const listeners = [];
const changed = new Set();

/** Change some keys; listeners of these keys run once, before the next frame. */
export function set(changes) {
  for (const [key, value] of Object.entries(changes)) {
    if (Object.is(state[key], value)) continue;
    state[key] = value;
    if (!changed.size) queueMicrotask(notify);
    changed.add(key);
  }
}

/** Call `listener` after any of `keys` (separated by spaces) changed, and once now. */
export function on(keys, listener) {
  listeners.push({ keys: keys.split(" "), listener });
  listener();
}

function notify() {
  const keys = new Set(changed);
  changed.clear();
  for (const each of listeners) if (each.keys.some((key) => keys.has(key))) each.listener();
}

const REMEMBERED = ["opacity", "view", "tip", "patch", "theme"];
const PLACE = "maskstyle-studio";

/** Take what this browser remembers of the page, and remember it from now on. */
export function remember() {
  set(JSON.parse(localStorage.getItem(PLACE) ?? "{}"));
  const kept = () => Object.fromEntries(REMEMBERED.map((key) => [key, state[key]]));
  on(REMEMBERED.join(" "), () => localStorage.setItem(PLACE, JSON.stringify(kept())));
}

/** All pictures of the project: the content image first. */
export function pictures() {
  const { project } = state;
  return project ? [project.content, ...project.styles].filter(Boolean) : [];
}

/** The picture with this id; undefined if there is none. */
export const picture = (id) => pictures().find((each) => each.id === id);

/** Whether the canvas shows the content image. */
export const contentIsActive = () => state.project?.content != null && state.active === state.project.content.id;

/** The selected color of the active picture; null if none. */
export const selectedColor = () => state.selected[state.active] ?? null;

/** Show a sentence at a place: "stage", "pictures", "preview" or "render". Null clears it. */
export const say = (place, text) => set({ message: text ? { place, text } : null });
