// Layout: where every event lies from left to right, and every lane from top to bottom.

const rowHeight = 32;
const gapWidth = 64;
const widthMax = 60000;

// Nanoseconds at each rank, rising; null if no operation carries times. Ranks without a time of
// their own lie evenly between those that have one.
const rankTimes = (() => {
  const times = new Array(data.places.length).fill(null);
  for (const {call, ret, callNs, returnNs} of operations) {
    times[call] = callNs ?? times[call];
    if (ret !== null) {
      times[ret] = returnNs ?? times[ret];
    }
  }
  let before = times.findIndex(time => time !== null);
  if (before < 0) {
    return null;
  }
  times.fill(times[before], 0, before);
  for (let i = before + 1; i <= times.length; ++i) {
    if (i < times.length && times[i] === null) {
      continue;
    }
    const end = i < times.length ? times[i] = Math.max(times[i], times[before]) : times[before];
    for (let k = before + 1; k < i; ++k) {
      times[k] = times[before] + (end - times[before]) * (k - before) / (i - before);
    }
    before = i;
  }
  return times;
})();

// Pixels that the names of the lanes take on the left.
function labelWidth() {
  return window.innerWidth < 600 ? 100 : 136;
}

// The number that most others do not exceed.
function mostly(numbers) {
  const sorted = numbers.filter(Number.isFinite).sort((a, b) => a - b);
  return sorted.length === 0 ? 1 : sorted[Math.floor(sorted.length * 0.8)];
}

// Pixels that a box wants for its text.
function wantedWidth(operation) {
  return Math.min(operation.text.length, 34) * 7.2 + 34;
}

// Pixels from the left for every rank: to scale in time, or one step per event. At zoom 1 the
// texts of most operations fit their boxes.
class Axis {
  constructor(kind, zoom, visibleWidth) {
    this.kind = kind;
    this.times = kind === 'time' ? rankTimes : data.places.map((_, rank) => rank);
    const last = this.times.length - 1;
    const gaps = new Map(data.gaps);
    // What is cut out between two ranks takes no length.
    const length = rank => rank === 0 || gaps.has(rank) ? 0 : this.times[rank] - this.times[rank - 1];
    let total = 0;
    for (let rank = 1; rank <= last; ++rank) {
      total += length(rank);
    }
    const free = Math.max(visibleWidth - labelWidth() - gaps.size * gapWidth - 60, 200);
    const wanted = mostly(operations.filter(o => o.ret !== null).map(
      o => wantedWidth(o) / (this.times[o.ret] - this.times[o.call])));
    const fitting = free / Math.max(total, 1);
    const scale = Math.min(Math.max(wanted, fitting), widthMax / Math.max(total, 1)) * zoom;
    this.scale = kind === 'rank' ? Math.max(scale, 4) : scale;
    this.x = [];
    this.gaps = [];  // {x, hidden}: bands without a scale
    let x = labelWidth() + 24;
    for (let rank = 0; rank <= last + 1; ++rank) {
      x += rank <= last ? length(rank) * this.scale : 0;
      if (gaps.has(rank)) {
        this.gaps.push({x: x + (rank === 0 ? -24 : 6), hidden: gaps.get(rank), rank});
        x += gapWidth + (rank === 0 ? -12 : 12);
      }
      this.x.push(x);
    }
    this.end = Math.max(this.x.pop() + 24, visibleWidth);  // of the drawing
  }

  // Of a half rank: 2 i is at the rank i, 2 i - 1 in front of it.
  at(half) {
    const rank = half >> 1;
    if (half > 2 * (this.x.length - 1)) {
      return this.end;
    }
    return half % 2 === 0 ? this.x[rank] : (this.x[rank] + this.x[rank + 1]) / 2;
  }

  // Marks for the scale: {x, text}.
  ticks() {
    const marks = [];
    let next = -Infinity;
    if (this.kind === 'rank') {
      this.x.forEach((x, rank) => {
        if (x >= next) {
          marks.push({x, text: `${data.places[rank]}`});
          next = x + 80;
        }
      });
      return marks;
    }
    const least = 100 / this.scale;
    const decade = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
    const step = decade * [1, 2, 5, 10].find(factor => decade * factor >= least || factor === 10);
    for (let rank = 0; rank + 1 < this.x.length; ++rank) {
      const [from, to] = [this.times[rank], this.times[rank + 1]];
      if (to <= from || data.gaps.some(([gap]) => gap === rank + 1)) {
        continue;
      }
      for (let time = Math.ceil(from / step) * step; time < to; time += step) {
        const x = this.x[rank] + (time - from) * this.scale;
        if (x >= next) {
          marks.push({x, text: timeText(time, step)});
          next = x + 60;
        }
      }
    }
    return marks;
  }
}

// Gives each item a row so that none overlaps another one of its row; gives how many rows it took.
// from, to: numbers of any unit.
function pack(items, from, to) {
  const busy = [];
  for (const item of items) {
    let row = busy.findIndex(until => until <= from(item));
    row = row < 0 ? busy.length : row;
    busy[row] = Math.max(to(item), from(item) + 0.001);
    item.row = row;
  }
  return Math.max(busy.length, 1);
}

// Lanes in the order of their names: "client 2" before "client 10".
const laneNames = (() => {
  const collator = new Intl.Collator('en', {numeric: true});
  return [...new Set(operations.map(operation => operation.lane))].sort(collator.compare);
})();
