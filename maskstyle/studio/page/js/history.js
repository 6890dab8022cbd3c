/** Undo and redo: strokes, and changes of regions, masks and settings, in one list. */

import { documentOf, onReplaced, replaceMap, saveSoon, touch } from "./documents.js";
import { LabelMap } from "./labelmap.js";
import { change } from "./project.js";
import { union } from "./raster.js";
import { set } from "./store.js";

const MOST = 200;
const SAME = 1000; // ms within which changes of one slider are one step

const done = [];
const undone = [];

/** Add a step. Steps with equal `key` within a second become one. */
export function record(step) {
  const last = done.at(-1);
  if (step.key && last?.key === step.key && performance.now() - last.time < SAME) Object.assign(last, { redo: step.redo });
  else done.push(step);
  done.at(-1).time = performance.now();
  if (done.length > MOST) done.shift();
  undone.length = 0;
  show();
}

/** Take back the last step. */
export function undo() {
  const step = done.pop();
  if (!step) return;
  undone.push(step);
  step.undo();
  show();
}

/** Do the last step taken back again. */
export function redo() {
  const step = undone.pop();
  if (!step) return;
  done.push(step);
  step.redo();
  show();
}

function show() {
  set({ undoName: done.at(-1)?.name ?? null, redoName: undone.at(-1)?.name ?? null });
}

/** Change the project so that it can be taken back: `before` and `after` are parts as `change` takes them. */
export function changeUndoably(name, key, before, after) {
  change(after);
  record({ name, key, undo: () => change(before), redo: () => change(after) });
}

/** A change of a map in progress: `add` rectangles as they change, then `finish` or `cancel`. */
export class Stroke {
  constructor(document) {
    this.document = document;
    this.area = null;
    document.map.begin();
  }

  /** Note a changed rectangle (or null). */
  add(area) {
    if (!area) return;
    this.area = union(this.area, area);
    touch(this.document, area);
  }

  /** End the change: it can be undone, and is saved. */
  finish(name) {
    if (!this.area) return;
    recordMap(name, this.document.id, this.document.map.settle(this.area));
    saveSoon(this.document);
  }

  /** Take the change back, as when a second finger shows that it is a gesture. */
  cancel() {
    if (!this.area) return null;
    this.document.map.revert(this.area);
    touch(this.document, this.area);
    saveSoon(this.document);
    return this.area;
  }
}

/** Add a step from a copy of a map, or of a rectangle of it, to the map as it is; `put(document, copy)` goes there. */
function recordMap(name, id, before, put = (document, copy) => document.map.restore(copy)) {
  let after = null;
  const show = (copy) => {
    const document = documentOf(id);
    if (!document?.map) return;
    after ??= document.map.copy(copy.area); // the step is the last one, so this is what it led to
    put(document, copy);
    touch(document, copy.area);
    saveSoon(document);
    set({ painted: { id, area: copy.area } });
  };
  record({ name, undo: () => show(before), redo: () => show(after) });
}

// A draft, another tab or a result replaced a map: one step, so that the strokes before it meet the map they changed.
onReplaced((document, before, name) => {
  const area = [0, 0, before.width, before.height];
  recordMap(name, document.id, before.copy(area), (shown, copy) => {
    const map = new LabelMap(before.width, before.height, null, [...copy.colors]);
    map.restore(copy);
    replaceMap(shown, map);
  });
});
