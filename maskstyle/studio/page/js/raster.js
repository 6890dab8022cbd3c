/** Which pixels a stroke, a polygon or a fill covers. Works on typed arrays; returns the rectangle that changed. */

/** Rectangle [x0, y0, x1, y1) around two, either of which may be null. */
export function union(a, b) {
  if (!a || !b) return a ?? b;
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

/** The rectangle clipped to a picture; null if nothing is left. */
export function clip([x0, y0, x1, y1], width, height) {
  const cut = [Math.max(0, Math.floor(x0)), Math.max(0, Math.floor(y0)), Math.min(width, Math.ceil(x1)), Math.min(height, Math.ceil(y1))];
  return cut[0] < cut[2] && cut[1] < cut[3] ? cut : null;
}

/** Set pixels within `radius` of the segment from `a` to `b` to `label`. */
export function paintSegment(map, a, b, radius, label) {
  const { labels, width, height } = map;
  const r = Math.max(radius, 0.5);
  const area = clip([Math.min(a.x, b.x) - r, Math.min(a.y, b.y) - r, Math.max(a.x, b.x) + r, Math.max(a.y, b.y) + r], width, height);
  if (!area) return null;
  for (let y = area[1]; y < area[3]; y++) {
    const span = spanOfRow(a, b, r, y + 0.5);
    if (!span) continue;
    const from = Math.max(area[0], Math.ceil(span[0] - 0.5));
    const to = Math.min(area[2], Math.floor(span[1] - 0.5) + 1);
    if (from < to) labels.fill(label, y * width + from, y * width + to);
  }
  return area;
}

/** Where the line at height `y` crosses the capsule around a-b: the disks at both ends and the band between them. */
function spanOfRow(a, b, r, y) {
  let low = Infinity;
  let high = -Infinity;
  const include = (x) => ((low = Math.min(low, x)), (high = Math.max(high, x)));
  for (const end of [a, b]) {
    const reach = r * r - (y - end.y) ** 2;
    if (reach >= 0) include(end.x - Math.sqrt(reach)), include(end.x + Math.sqrt(reach));
  }
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length = Math.hypot(dx, dy);
  if (length > 0) {
    const nx = (-dy / length) * r;
    const ny = (dx / length) * r;
    const corners = [[a.x + nx, a.y + ny], [b.x + nx, b.y + ny], [b.x - nx, b.y - ny], [a.x - nx, a.y - ny]];
    crossings(corners, y).forEach(include);
  }
  return low <= high ? [low, high] : null;
}

/** The x at which the sides of a closed polygon cross the height `y`. */
function crossings(points, y) {
  const found = [];
  for (let i = 0; i < points.length; i++) {
    const [x0, y0] = points[i];
    const [x1, y1] = points[(i + 1) % points.length];
    if (y0 <= y !== y1 <= y) found.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
  }
  return found;
}

/** Set the pixels inside a polygon of {x, y} to `label` (even-odd rule). */
export function paintPolygon(map, polygon, label) {
  const points = polygon.map(({ x, y }) => [x, y]);
  const xs = points.map((point) => point[0]);
  const ys = points.map((point) => point[1]);
  const area = clip([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], map.width, map.height);
  if (!area) return null;
  const rows = cutsByRow(points, area[1], area[3]);
  for (let y = area[1]; y < area[3]; y++) {
    const cuts = rows[y - area[1]].sort((p, q) => p - q);
    for (let i = 0; i + 1 < cuts.length; i += 2) {
      const from = Math.max(0, Math.ceil(cuts[i] - 0.5));
      const to = Math.min(map.width, Math.floor(cuts[i + 1] - 0.5) + 1);
      if (from < to) map.labels.fill(label, y * map.width + from, y * map.width + to);
    }
  }
  return area;
}

/** The x at which the sides of a closed polygon cross the middle of each row from `top` to `bottom`. */
function cutsByRow(points, top, bottom) {
  const rows = Array.from({ length: bottom - top }, () => []);
  points.forEach(([x0, y0], i) => {
    const [x1, y1] = points[(i + 1) % points.length];
    const first = Math.max(top, Math.ceil(Math.min(y0, y1) - 0.5));
    const last = Math.min(bottom, Math.ceil(Math.max(y0, y1) - 0.5));
    for (let y = first; y < last; y++) rows[y - top].push(x0 + ((y + 0.5 - y0) / (y1 - y0)) * (x1 - x0));
  });
  return rows;
}

/** Set the connected pixels of one label around (x, y) to `label`, row by row. */
export function fill(map, x, y, label) {
  const { labels, width, height } = map;
  const target = labels[y * width + x];
  if (target === label) return null;
  let area = null;
  // a seed comes from a run of another row, [from, to); there, only what overhangs that run is new
  const stack = [{ x, y, way: 0, from: x, to: x }];
  const push = (from, to, row, way, run) => {
    if (row < 0 || row >= height) return;
    const start = row * width;
    for (let at = from, inside = false; at < to; at++) {
      const is = labels[start + at] === target;
      if (is && !inside) stack.push({ x: at, y: row, way, from: run[0], to: run[1] });
      inside = is;
    }
  };
  while (stack.length) {
    const seed = stack.pop();
    const start = seed.y * width;
    if (labels[start + seed.x] !== target) continue;
    let from = seed.x;
    let to = seed.x + 1;
    while (from > 0 && labels[start + from - 1] === target) from--;
    while (to < width && labels[start + to] === target) to++;
    labels.fill(label, start + from, start + to);
    area = union(area, [from, seed.y, to, seed.y + 1]);
    for (const way of [-1, 1]) {
      if (way !== -seed.way) push(from, to, seed.y + way, way, [from, to]);
      else push(from, Math.min(to, seed.from), seed.y + way, way, [from, to]), push(Math.max(from, seed.to), to, seed.y + way, way, [from, to]);
    }
  }
  return area;
}

/** Set all pixels of a superpixel to `label`. */
export function paintPatch(map, segments, index, label) {
  const { offsets, pixels, boxes } = segments;
  for (let i = offsets[index]; i < offsets[index + 1]; i++) map.labels[pixels[i]] = label;
  return Array.from(boxes.subarray(4 * index, 4 * index + 4));
}
