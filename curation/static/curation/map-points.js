// The points of a map: read from the server's bytes, found by place, chosen by a line drawn around them.

const NONE = 65535;
const CELLS = 128;

/** Reads what curation.services.meaning.map_points lays out. Places are 0 to 1. */
export function readPoints(buffer) {
  const [count, total] = new Uint32Array(buffer, 0, 2);
  let at = 8;
  const take = (Kind) => {
    const array = new Kind(buffer.slice(at, at + count * Kind.BYTES_PER_ELEMENT));
    at += count * Kind.BYTES_PER_ELEMENT;
    return array;
  };
  const items = take(Float64Array);
  const across = take(Uint16Array);
  const down = take(Uint16Array);
  const cluster = take(Uint16Array);
  const label = take(Uint16Array);
  const strangeness = take(Uint8Array);
  const x = Float32Array.from(across, (value) => value / 65535);
  const y = Float32Array.from(down, (value) => 1 - value / 65535);
  return { count, total, items, x, y, cluster, label, strangeness, hasLabel: (row) => label[row] !== NONE };
}

/** Sorts points into square cells, so that looking around a place costs a few cells. */
export function makeGrid({ count, x, y }) {
  const cell = (value) => Math.min(CELLS - 1, Math.max(0, Math.floor(value * CELLS)));
  const starts = new Uint32Array(CELLS * CELLS + 1);
  const place = new Uint32Array(count);
  for (let row = 0; row < count; row += 1) {
    place[row] = cell(y[row]) * CELLS + cell(x[row]);
    starts[place[row] + 1] += 1;
  }
  for (let number = 0; number < CELLS * CELLS; number += 1) starts[number + 1] += starts[number];
  const next = starts.slice();
  const rows = new Uint32Array(count);
  for (let row = 0; row < count; row += 1) {
    rows[next[place[row]]] = row;
    next[place[row]] += 1;
  }
  /** Returns the nearest point within `reach` of a place, -1 when there is none. */
  function nearest(atX, atY, reach) {
    let best = -1;
    let least = reach * reach;
    for (let line = cell(atY - reach); line <= cell(atY + reach); line += 1) {
      const first = starts[line * CELLS + cell(atX - reach)];
      const last = starts[line * CELLS + cell(atX + reach) + 1];
      for (let slot = first; slot < last; slot += 1) {
        const row = rows[slot];
        const far = (x[row] - atX) ** 2 + (y[row] - atY) ** 2;
        if (far < least) [best, least] = [row, far];
      }
    }
    return best;
  }
  return { nearest };
}

/** Returns the rows inside a polygon of [x, y], by the even-odd rule. */
export function inside({ count, x, y }, polygon) {
  const xs = polygon.map((corner) => corner[0]);
  const ys = polygon.map((corner) => corner[1]);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const found = [];
  for (let row = 0; row < count; row += 1) {
    const [px, py] = [x[row], y[row]];
    if (px < left || px > right || py < top || py > bottom) continue;
    let odd = false;
    for (let one = 0, other = xs.length - 1; one < xs.length; other = one, one += 1) {
      if (ys[one] > py !== ys[other] > py && px < ((xs[other] - xs[one]) * (py - ys[one])) / (ys[other] - ys[one]) + xs[one]) odd = !odd;
    }
    if (odd) found.push(row);
  }
  return found;
}

/** Writes item numbers as 1-5,9. */
export function writeRanges(items) {
  const sorted = Float64Array.from(items).sort();
  const pieces = [];
  for (let at = 0; at < sorted.length; ) {
    let end = at;
    while (end + 1 < sorted.length && sorted[end + 1] <= sorted[end] + 1) end += 1;
    pieces.push(sorted[at] === sorted[end] ? `${sorted[at]}` : `${sorted[at]}-${sorted[end]}`);
    at = end + 1;
  }
  return pieces.join(",");
}
