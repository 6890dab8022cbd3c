/** Write maps as PNG files with a palette: exact colors, a few kilobytes, no canvas. */

import { NONE } from "./labelmap.js";

const SIGNATURE = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);

const CRCS = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** Encode `labels` (indices into `colors`, "#rrggbb") as a PNG Blob; pixels in no region are transparent. */
export async function encodeMap(labels, width, height, colors) {
  const empty = colors.length; // the palette's last entry
  const rows = new Uint8Array((width + 1) * height); // each row begins with filter 0
  for (let y = 0; y < height; y++) rows.set(labels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  for (let i = 0; i < rows.length; i++) if (rows[i] === NONE && i % (width + 1)) rows[i] = empty;
  const palette = Uint8Array.from([...colors, "#000000"].flatMap(channels));
  const alpha = Uint8Array.from({ length: empty + 1 }, (_, index) => (index === empty ? 0 : 255));
  const chunks = [header(width, height), chunk("PLTE", palette), chunk("tRNS", alpha)];
  chunks.push(chunk("IDAT", await deflate(rows)), chunk("IEND", new Uint8Array()));
  return new Blob([SIGNATURE, ...chunks], { type: "image/png" });
}

/** Red, green and blue of "#rrggbb". */
export const channels = (color) => [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16));

function header(width, height) {
  const data = new DataView(new ArrayBuffer(13));
  data.setUint32(0, width);
  data.setUint32(4, height);
  data.setUint8(8, 8); // bits
  data.setUint8(9, 3); // palette
  return chunk("IHDR", new Uint8Array(data.buffer));
}

function chunk(type, data) {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(data, 8);
  let crc = 0xffffffff;
  for (let i = 4; i < bytes.length - 4; i++) crc = CRCS[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  view.setUint32(bytes.length - 4, ~crc >>> 0);
  return bytes;
}

async function deflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
