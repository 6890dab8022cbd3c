/** Dark and light: as the system has it, until the person switches. */

import { set } from "./store.js";

const KEY = "maskstyle-theme";
const light = matchMedia("(prefers-color-scheme: light)");

/** Follow the system, or the choice made before. */
export function startTheme() {
  light.addEventListener("change", apply);
  apply();
}

const now = () => localStorage.getItem(KEY) ?? (light.matches ? "light" : "dark");

/** Go from dark to light and back. */
export function switchTheme() {
  localStorage.setItem(KEY, now() === "dark" ? "light" : "dark");
  apply();
}

function apply() {
  document.documentElement.dataset.theme = now();
  set({ theme: now() });
}
