/** Doodle mode: an empty canvas, painted with the regions of a painting. */

import { send } from "./project.js";
import { set, state } from "./store.js";
import { chooseTool } from "./tools.js";

/** Begin a doodle with the proportions of the painting, or of a landscape where there is none yet. */
export async function startDoodle() {
  const style = state.project.styles[0];
  const longest = 768;
  const scale = style ? longest / Math.max(style.width, style.height) : 1;
  const size = style ? { width: Math.round(style.width * scale), height: Math.round(style.height * scale) } : { width: 768, height: 576 };
  const project = await send("pictures", "POST", "/api/doodle", size);
  if (!project) return;
  const { content, styles } = project;
  set({ active: content.id, tab: "regions", view: state.view === "preview" ? "both" : state.view, selected: { ...state.selected, [content.id]: styles[0]?.regions[0]?.color ?? null } });
  chooseTool("brush");
}
