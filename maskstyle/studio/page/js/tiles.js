/**
 * A map as colored tiles. A single canvas would be copied whole whenever it is drawn and then painted again;
 * of tiles, only those under the brush are.
 */

import { NONE } from "./labelmap.js";
import { channels } from "./png.js";
import { union } from "./raster.js";

const SIDE = 256;
const BUDGET = 5; // ms of a frame to color tiles in

/** Colored tiles of a label map. Call `refresh` with the rectangle that changed, then `draw`. */
export class Tiles {
  constructor(map) {
    this.map = map;
    this.columns = Math.ceil(map.width / SIDE);
    this.rows = Math.ceil(map.height / SIDE);
    this.contexts = new Array(this.columns * this.rows).fill(null);
    this.image = new ImageData(SIDE, SIDE);
    this.words = new Uint32Array(this.image.data.buffer);
    this.stale = new Array(this.columns * this.rows).fill(null); // rectangles to color, by tile
    this.colorize(null);
  }

  /** Take the colors of the map; all but the region of `selected` fade. */
  colorize(selected) {
    const faded = this.map.colors.includes(selected) ? 0.65 : 1;
    this.table = new Uint32Array(256);
    this.map.colors.forEach((color, label) => {
      const [red, green, blue] = channels(color);
      const alpha = color === selected ? 255 : Math.round(255 * faded);
      this.table[label] = ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
    });
    this.table[NONE] = 0;
    this.selected = selected;
    this.refresh([0, 0, this.map.width, this.map.height]);
  }

  /** Note that a rectangle changed; its tiles are colored when they are drawn. */
  refresh([x0, y0, x1, y1]) {
    for (let row = Math.floor(y0 / SIDE); row * SIDE < y1; row++)
      for (let column = Math.floor(x0 / SIDE); column * SIDE < x1; column++) {
        const left = column * SIDE;
        const top = row * SIDE;
        const index = row * this.columns + column;
        this.stale[index] = union(this.stale[index], [
          Math.max(x0, left), Math.max(y0, top), Math.min(x1, left + SIDE), Math.min(y1, top + SIDE),
        ]);
      }
  }

  #context(column, row) {
    const index = row * this.columns + column;
    return (this.contexts[index] ??= new OffscreenCanvas(SIDE, SIDE).getContext("2d", { willReadFrequently: true }));
  }

  #color(column, row) {
    const index = row * this.columns + column;
    const [x0, y0, x1, y1] = this.stale[index];
    const [left, top] = [column * SIDE, row * SIDE];
    const { words, table } = this;
    const { labels, width } = this.map;
    for (let y = y0; y < y1; y++) {
      const into = (y - top) * SIDE - left;
      const from = y * width;
      for (let x = x0; x < x1; x++) words[into + x] = table[labels[from + x]];
    }
    this.#context(column, row).putImageData(this.image, 0, 0, x0 - left, y0 - top, x1 - x0, y1 - y0);
    this.stale[index] = null;
  }

  /**
   * Draw the tiles that a rectangle of the picture touches, with a transform of the view. Coloring stops when the
   * frame has taken long enough: the rectangle to draw in the next one is returned then, else null.
   */
  draw(context, { zoom, left, top }, [x0, y0, x1, y1]) {
    const end = performance.now() + BUDGET;
    let late = null;
    context.imageSmoothingEnabled = zoom < 1;
    for (let row = Math.max(0, Math.floor(y0 / SIDE)); row < this.rows && row * SIDE < y1; row++)
      for (let column = Math.max(0, Math.floor(x0 / SIDE)); column < this.columns && column * SIDE < x1; column++) {
        const index = row * this.columns + column;
        if (this.stale[index] && performance.now() < end) this.#color(column, row);
        late = union(late, this.stale[index]);
        const width = Math.min(SIDE, this.map.width - column * SIDE);
        const height = Math.min(SIDE, this.map.height - row * SIDE);
        // whole pixels of the screen, so that no seams show
        const [fromX, toX] = [column * SIDE, column * SIDE + width].map((x) => Math.round(left + x * zoom));
        const [fromY, toY] = [row * SIDE, row * SIDE + height].map((y) => Math.round(top + y * zoom));
        const tile = this.contexts[index]?.canvas;
        if (tile) context.drawImage(tile, 0, 0, width, height, fromX, fromY, toX - fromX, toY - fromY);
      }
    return late;
  }
}
