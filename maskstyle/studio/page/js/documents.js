/** The pictures that are open: pixels, map, superpixels; and saving of painted maps within a second. */

import { request, RETRY } from "./api.js";
import { inBackground } from "./background.js";
import { LabelMap } from "./labelmap.js";
import { adopt, failed, flush, reload, saved } from "./project.js";
import { picture, pictures, say, set, state } from "./store.js";
import { Tiles } from "./tiles.js";

const DELAY = 250; // ms between the end of a stroke and its saving
const DROPPED = "You painted while the map was drafted, so the draft is dropped. Draft again.";
const OVERTAKEN = "Another tab changed the map while it was drafted, so the draft is dropped. Draft again.";
const LONGEST = 600; // ms that anything painted waits: with the time that saving takes, it is less than a second
const open = new Map();
const listeners = [];
const replacing = [];

/** Call `listener(document)` when a document has loaded or its map was replaced. */
export const onLoaded = (listener) => listeners.push(listener);

/** Call `listener(document, before, name)` when another map takes the place of `before`, by the step `name`. */
export const onReplaced = (listener) => replacing.push(listener);

/** The open document of a picture; undefined until it has loaded. */
export const documentOf = (id) => open.get(id);

/** Open the documents of all pictures, read maps again that changed elsewhere, close those that are gone. */
export function syncDocuments() {
  const wanted = pictures();
  for (const id of open.keys()) if (!wanted.some((each) => each.id === id)) open.delete(id);
  wanted.forEach((each) => {
    const found = open.get(each.id);
    if (!found) load(each);
    else if (state.drafting === each.id) return; // an event may tell of the draft before its answer, which reads it
    else if (each.map && each.map_version > found.version && !found.saving && !found.unsaved) loadMap(found, each).catch(later);
  });
}

async function load(info) {
  const document = { id: info.id, width: info.width, height: info.height, levels: [], map: null, tiles: null };
  Object.assign(document, { version: 0, saving: null, unsaved: false, edits: 0, anchors: [], segments: new Map(), scribbles: null });
  open.set(info.id, document);
  const pixels = info.url ? loadLevels(document, info.url) : null;
  try {
    await Promise.all([pixels, loadFirstMap(document, info)]);
  } catch (error) {
    if (error.later && open.get(info.id) === document && !document.unsaved) open.delete(info.id);
    later(error);
  }
}

async function loadFirstMap(document, info) {
  if (info.map) await loadMap(document, info);
  else if (info.url) await draft(info.id);
  else replaceMap(document, new LabelMap(info.width, info.height, null, []));
}

/** Read again what could not be read while the server was away; say what is wrong otherwise. */
function later(error) {
  if (error.later) setTimeout(syncDocuments, RETRY);
  else failed("stage", error);
}

async function loadLevels(document, url) {
  document.levels = await inBackground("levels", { blob: await request("GET", url) });
  announce(document);
}

/** Read a map and show it. Returns whether it is shown: where someone paints meanwhile, that one counts. */
async function loadMap(document, info, name = "Replace map") {
  const { edits, version } = document;
  document.version = info.map_version;
  const blob = await request("GET", info.map).catch((error) => {
    if (document.version === info.map_version) document.version = version;
    throw error;
  });
  const { width, height, labels, colors } = await inBackground("decode", { blob });
  if (document.edits !== edits) return false;
  const [before, map] = [document.map, new LabelMap(width, height, labels, colors)];
  if (before?.equals(map)) return true;
  replaceMap(document, map);
  if (before) replacing.forEach((listener) => listener(document, before, name));
  return true;
}

/** Show another map in place of that of a document. */
export function replaceMap(document, map) {
  document.map = map;
  document.tiles = new Tiles(map);
  document.scribbles = null;
  measure(document);
  announce(document);
}

const announce = (document) => open.get(document.id) === document && listeners.forEach((listener) => listener(document));

let drafts = Promise.resolve();

/**
 * Draft a first map of a picture, with about `regions` regions: one at a time, as later ones take the colors of earlier
 * ones, but not in order with other requests, which would wait for seconds.
 */
export function draft(id, regions) {
  drafts = drafts.then(() => draftNow(id, regions));
  return drafts;
}

async function draftNow(id, regions) {
  if (!open.get(id)) return;
  if (!regions && picture(id)?.map) return syncDocuments(); // another tab was quicker
  set({ drafting: id });
  await saveAll(); // undoing the draft brings it back
  const before = open.get(id)?.edits;
  if (open.get(id)) open.get(id).awaitsDraft = true;
  try {
    const answer = await request("POST", `/api/images/${id}/draft`, regions ? { regions } : {});
    const document = open.get(id);
    await document?.saving; // of the map before the draft, so with that version
    const { edits, unsaved } = document ?? {};
    if (document) document.version = answer.map_version; // so that it is read here, once
    await reload();
    if (document && picture(id)) {
      const shown = !unsaved && document.edits === edits && (await loadMap(document, picture(id), "Draft map"));
      if (!shown) {
        await save(document);
        await reload(); // after which a message stays
        say("stage", DROPPED);
      }
    }
    saved();
  } catch (error) {
    await open.get(id)?.saving;
    if (error.project) adopt(error.project);
    else failed("stage", error);
    if (error.later && !regions) setTimeout(() => draft(id), RETRY);
    if (error.project && open.get(id)?.edits !== before) say("stage", DROPPED);
    else if (error.project && regions) say("stage", OVERTAKEN); // a first draft that another tab also made is as good
  }
  if (state.drafting === id) set({ drafting: null });
  if (open.get(id)) open.get(id).awaitsDraft = false;
  if (open.get(id)?.unsaved) saveSoon(open.get(id)); // it was held back for the draft, which did not come
  syncDocuments();
}

/** Note that the map changed within `area`: update its tiles, and save it soon. */
export function touch(document, area) {
  document.tiles?.refresh(area);
  document.unsaved = true;
  document.edits++;
}

/** Save a document shortly; strokes in a row are saved together, but at least once a second. */
export function saveSoon(document) {
  measure(document);
  document.deadline ??= performance.now() + LONGEST;
  clearTimeout(document.timer);
  document.timer = setTimeout(() => save(document), Math.min(DELAY, Math.max(0, document.deadline - performance.now())));
}

/** Save a document unless it is saved; while it is being saved, wait for that. */
function save(document) {
  document.deadline = null;
  if (document.unsaved && document.map) document.saving ??= send(document);
  return document.saving;
}

async function send(document) {
  const { map, edits, id } = document;
  flush();
  try {
    const labels = map.labels.slice();
    document.unsaved = false; // before any wait: what is painted from now on is not in these labels
    const blob = await inBackground("encode", { labels, width: map.width, height: map.height, colors: [...map.colors] }, [labels.buffer]);
    // not in order with other requests: some, such as uploads, take longer than what is painted may wait
    const answer = await request("PUT", `/api/images/${id}/map`, blob, { "If-Match": String(document.version) });
    document.version = answer.map_version;
    saved();
    reload();
  } catch (error) {
    const drafted = error.project && document.awaitsDraft; // the draft was quicker: `draftNow` saves this in its place
    if (!error.project || drafted) document.unsaved = true; // not lost: it is saved when the server can
    if (error.later) setTimeout(() => open.get(id) === document && save(document), RETRY);
    if (error.project && !drafted) {
      adopt(error.project); // a conflict of this map alone: changes of other parts are still to be saved
      say("stage", error.message);
    } else if (!drafted && open.get(id) === document) failed("stage", error);
  }
  document.saving = null;
  if (document.unsaved && document.edits !== edits) saveSoon(document);
  syncDocuments();
}

/** Save everything that is not saved yet; what is painted until the first of it is saved, too. */
export async function saveAll() {
  for (let time = 0; time < 2; time++) await Promise.all([...open.values()].map(save));
}

/** Find where the numbers of the regions go. */
async function measure(document) {
  const { map } = document;
  const edits = (document.measured = document.edits);
  const points = await inBackground("anchors", { ...map.sampled(), count: map.colors.length });
  if (document.map !== map || document.measured !== edits) return;
  document.anchors = points;
  announce(document);
}

/** The superpixels of a picture with sides of about `size` pixels; undefined while they load. */
export function segmentsOf(document, size) {
  const found = document.segments.get(size);
  if (found) return found.of ? found : undefined;
  document.segments.set(size, {});
  request("GET", `/api/images/${document.id}/superpixels?size=${size}`)
    .then((blob) => inBackground("segments", { blob }))
    .then((segments) => {
      document.segments.clear(); // one size at a time: they are large
      document.segments.set(size, segments);
      announce(document);
    })
    .catch((error) => (document.segments.delete(size), set({ message: { place: "stage", text: error.message } })));
  return undefined;
}
