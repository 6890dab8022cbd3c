/** Grow a map from scribbles. */

import { request } from "./api.js";
import { inBackground } from "./background.js";
import { documentOf } from "./documents.js";
import { Stroke } from "./history.js";
import { say, set, state } from "./store.js";
import { countScribbles } from "./tools.js";

/** Replace the map of the active picture by one grown from its scribbles, undoably. */
export async function grow() {
  const document = documentOf(state.active);
  const { map: strokes } = document?.scribbles ?? {};
  if (!strokes || state.growing || (state.scribbled ?? 0) < 2) return;
  set({ growing: true });
  try {
    const { width, height, colors } = strokes;
    const blob = await inBackground("encode", { labels: strokes.labels.slice(), width, height, colors });
    const grown = await request("POST", `/api/images/${document.id}/grow`, blob);
    const { labels, colors: found } = await inBackground("decode", { blob: grown, colors: [...document.map.colors] });
    const stroke = new Stroke(document);
    found.forEach((color) => document.map.labelOf(color));
    document.map.labels.set(labels);
    document.tiles.colorize(document.tiles.selected);
    stroke.add([0, 0, width, height]);
    stroke.finish("Grow scribbles");
    document.scribbles = null;
    set({ painted: { id: document.id, area: [0, 0, width, height] } });
    say("stage", null);
  } catch (error) {
    say("stage", error.message);
  }
  countScribbles(document);
  set({ growing: false });
}
