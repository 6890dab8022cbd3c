/** A canvas that shows a picture: zoom, pan, and redrawing of what changed. */

import { union } from "./raster.js";

const MARGIN = 16; // around a picture that fits, in CSS pixels
const MOST = 32; // screen pixels for a pixel of the picture

/** Where a picture is shown: `x` and `y` lie in the middle of each canvas that shows it; `fitted` shows it whole. */
const views = new Map();

/** The view of a picture, shared by all canvases that show it. */
export function viewOf(id) {
  if (!views.has(id)) views.set(id, { x: 0, y: 0, zoom: 1, fitted: true });
  return views.get(id);
}

const viewports = new Set();

/** The viewport on the page: that of the map, where both are. */
export const visibleViewport = () => [...viewports].find((each) => each.isVisible);

/** Size the canvases again when the window goes to a screen with other pixels: then they have the size that they had. */
function watchRatio() {
  const query = matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
  query.addEventListener("change", () => (viewports.forEach((each) => each.resize()), watchRatio()), { once: true });
}
watchRatio();

/** A canvas and the picture in it. `paint(context, transform, area)` draws `area` of the picture. */
export class Viewport {
  constructor(canvas, paint) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.paint = paint;
    this.id = null;
    this.picture = { width: 1, height: 1 };
    this.dirty = null;
    this.frame = 0;
    this.onpainted = () => {};
    viewports.add(this);
    new ResizeObserver(() => this.resize()).observe(canvas);
  }

  /** Show another picture: its id and size. */
  show(id, width, height) {
    this.id = id;
    this.picture = { width, height };
    this.redraw();
  }

  get view() {
    return viewOf(this.id);
  }

  get isVisible() {
    return this.canvas.clientWidth > 0 && this.canvas.clientHeight > 0;
  }

  /** From the picture to the canvas, in pixels of the screen: `left + x * zoom`. */
  get transform() {
    const ratio = this.ratio;
    const { width, height } = this.canvas;
    if (this.view.fitted) this.#fit();
    const zoom = this.view.fitted ? this.fittingZoom * ratio : this.view.zoom * ratio;
    const x = this.view.fitted ? this.picture.width / 2 : this.view.x;
    const y = this.view.fitted ? this.picture.height / 2 : this.view.y;
    return { zoom, left: Math.round(width / 2 - x * zoom), top: Math.round(height / 2 - y * zoom) };
  }

  get ratio() {
    return window.devicePixelRatio || 1;
  }

  /** The zoom as it is, in CSS pixels for a pixel of the picture. */
  get zoom() {
    return this.transform.zoom / this.ratio;
  }

  #fit() {
    const { clientWidth, clientHeight } = this.canvas;
    const { width, height } = this.picture;
    const zoom = Math.min((clientWidth - 2 * MARGIN) / width, (clientHeight - 2 * MARGIN) / height, 4);
    this.fittingZoom = Math.max(zoom, 0.01);
  }

  /** A point of the page in the picture. */
  toPicture({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    const { zoom, left, top } = this.transform;
    const ratio = this.ratio;
    return { x: ((clientX - box.left) * ratio - left) / zoom, y: ((clientY - box.top) * ratio - top) / zoom };
  }

  /** A point of the picture in the canvas, in CSS pixels. */
  toCanvas({ x, y }) {
    const { zoom, left, top } = this.transform;
    return { x: (left + x * zoom) / this.ratio, y: (top + y * zoom) / this.ratio };
  }

  /** Zoom by a factor; the point of the picture under `at` (a pointer event) stays there. */
  zoomBy(factor, at = null) {
    const middle = this.canvas.getBoundingClientRect();
    const where = at ?? { clientX: middle.left + middle.width / 2, clientY: middle.top + middle.height / 2 };
    const fixed = this.toPicture(where);
    this.#unfit();
    const least = Math.min(this.fittingZoom ?? 0.1, 1) / 4;
    this.view.zoom = Math.min(MOST, Math.max(least, this.view.zoom * factor));
    const moved = this.toPicture(where);
    this.#moveBy(fixed.x - moved.x, fixed.y - moved.y);
  }

  /** Move the picture by CSS pixels. */
  panBy(dx, dy) {
    this.#unfit();
    this.#moveBy(-dx / this.view.zoom, -dy / this.view.zoom);
  }

  #moveBy(dx, dy) {
    const { view } = this;
    const { width, height } = this.picture;
    view.x = Math.min(width, Math.max(0, view.x + dx));
    view.y = Math.min(height, Math.max(0, view.y + dy));
    this.#redrawAll();
  }

  /** Show the whole picture. */
  fit() {
    this.view.fitted = true;
    this.#redrawAll();
  }

  /** Show a pixel of the picture as a pixel of the screen. */
  actualSize() {
    this.#unfit();
    this.view.zoom = 1 / this.ratio;
    this.#redrawAll();
  }

  #unfit() {
    const { view } = this;
    if (!view.fitted) return;
    this.#fit();
    Object.assign(view, { fitted: false, zoom: this.fittingZoom, x: this.picture.width / 2, y: this.picture.height / 2 });
  }

  #redrawAll() {
    for (const each of viewports) if (each.id === this.id) each.redraw();
  }

  /** Draw everything again before the next frame. */
  redraw() {
    this.invalidate([-Infinity, -Infinity, Infinity, Infinity]);
  }

  /** Draw a rectangle of the picture again before the next frame. */
  invalidate(area) {
    this.dirty = union(this.dirty, area);
    if (!this.frame) this.frame = requestAnimationFrame(() => this.#draw());
  }

  /** Give the canvas the pixels that it has on the screen, and draw it: it may have been hidden, or blank. */
  resize() {
    const { canvas, ratio } = this;
    if (!this.isVisible) return;
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    cancelAnimationFrame(this.frame);
    this.dirty = [-Infinity, -Infinity, Infinity, Infinity];
    this.#draw(); // now, as a resized canvas is blank until then
  }

  #draw() {
    this.frame = 0;
    const { context, canvas, dirty, transform } = this;
    this.dirty = null;
    if (!dirty || !this.isVisible) return; // `resize` draws all of what comes into view
    const { zoom, left, top } = transform;
    const x0 = Math.max(0, Math.floor(left + dirty[0] * zoom) - 2);
    const y0 = Math.max(0, Math.floor(top + dirty[1] * zoom) - 2);
    const x1 = Math.min(canvas.width, Math.ceil(left + dirty[2] * zoom) + 2);
    const y1 = Math.min(canvas.height, Math.ceil(top + dirty[3] * zoom) + 2);
    if (x0 >= x1 || y0 >= y1) return;
    context.save();
    context.beginPath();
    context.rect(x0, y0, x1 - x0, y1 - y0);
    context.clip();
    this.paint(context, transform, [(x0 - left) / zoom, (y0 - top) / zoom, (x1 - left) / zoom, (y1 - top) / zoom]);
    context.restore();
    this.onpainted();
  }
}
