/** Dark and light: as the system has it, until the person switches. */

import { on, set, state } from "./store.js";

const light = matchMedia("(prefers-color-scheme: light)");

const now = () => state.theme ?? (light.matches ? "light" : "dark");

/** Follow the system, or the choice made before. */
export function startTheme() {
  light.addEventListener("change", apply);
  on("theme", apply);
}

/** Go from dark to light and back. */
export function switchTheme() {
  set({ theme: now() === "dark" ? "light" : "dark" });
}

function apply() {
  document.documentElement.dataset.theme = now();
}
