/** Starts the page: reads the project, connects the parts, and listens to the server. */

import { listen } from "./api.js";
import { startCanvas } from "./canvas.js";
import { saveAll, syncDocuments } from "./documents.js";
import { startDrops, startPictures } from "./pictures.js";
import { startPointer } from "./pointer.js";
import { ask, onGrown, onPreview, startPreview } from "./preview.js";
import { flush, reload } from "./project.js";
import { regionsOf } from "./regionlist.js";
import { loadResults, onRender, startResults } from "./results.js";
import { startShortcuts } from "./shortcuts.js";
import { startSide } from "./side.js";
import { startBars } from "./stagebar.js";
import { on, picture, remember, set, state } from "./store.js";
import { startTheme } from "./theme.js";

remember();
startTheme();
startBars();
startPictures();
startSide();
startCanvas();
startPointer();
startPreview();
startResults();
startShortcuts();
startDrops();
on("project", syncDocuments);
on("project active", selectFirst);
listen(onEvent, onConnection);
open();

/** Show the project as it was left. */
async function open() {
  await reload();
  await loadResults().catch(() => {});
  ask();
}

/** There is always a region to paint with. */
function selectFirst() {
  const { active, selected } = state;
  const list = active ? regionsOf(active) : [];
  if (list.length && !list.some(({ color }) => color === selected[active])) set({ selected: { ...selected, [active]: list[0].color } });
}

function onEvent(event) {
  if (event.type === "preview") onPreview(event);
  if (event.type === "render") onRender(event), onGrown(event);
  if (event.type === "project") reload(() => state.project?.version >= event.version);
  if (event.type === "map") reload(() => (picture(event.id)?.map_version ?? 0) >= event.map_version);
}

let wasAway = false;

function onConnection(connected, refused) {
  set({ connected, refused });
  if (connected && wasAway) reload().then(loadResults).then(() => (saveAll(), flush()), () => {});
  wasAway = !connected;
}

addEventListener("visibilitychange", () => document.hidden && (saveAll(), flush()));
addEventListener("pagehide", () => (saveAll(), flush()));
