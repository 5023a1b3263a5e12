// Drawing: lanes, boxes, the floor, what went on beside them, and the marks of the violation.

// What is on the stage now. rows: from top to bottom, {label, items}; an item: {element, x, end,
// top, operation or annotation}.
const picture = {axis: null, rows: [], items: [], box: null, height: 0, floor: null};

function place(element, left, top, width, height) {
  element.style.left = `${left}px`;
  element.style.top = `${top}px`;
  if (width !== undefined) {
    element.style.width = `${Math.max(width, 1)}px`;
  }
  if (height !== undefined) {
    element.style.height = `${height}px`;
  }
  return element;
}

function addLane(canvas, label, kind, top, rows, height = rowHeight) {
  const lane = place(make('div', `lane ${kind}`), 0, top, undefined, rows * height);
  lane.setAttribute('role', 'group');
  lane.setAttribute('aria-label', label);
  const name = make('span', 'name', make('span', 'text', label));
  name.title = label;
  lane.append(name);
  if (kind === 'client') {
    const hide = make('button', 'hide', '\u00d7');
    hide.type = 'button';
    hide.setAttribute('aria-label', `hide the lane of ${label}`);
    hide.addEventListener('click', () => hideLane(label));
    name.append(hide);
  }
  canvas.append(lane);
  return lane;
}

function addItem(row, lane, item) {
  const {element} = item;
  element.type = 'button';
  element.tabIndex = -1;
  element.dataset.item = picture.items.length;
  picture.items.push(item);
  row.items.push(item);
  lane.append(element);
}

function boxOf(operation, order, violation) {
  const box = make('button', `operation ${operation.outcome}`);
  const witness = operation.witness.find(w => w.violation === violation);
  if (operation.witness.length > 0) {
    box.classList.add(witness ? 'witness' : 'elsewhere');
  }
  if (witness) {
    box.append(make('span', 'number', `${witness.number}`));
  }
  if (order && order.reasons.has(operation.id)) {
    box.classList.add('refused');
    box.append(make('span', 'number', '\u2717'));
  } else if (order && order.places.has(operation.id)) {
    box.append(make('span', 'step', `${order.places.get(operation.id)}`));
  }
  const sign = make('span', 'sign', operation.sign);
  box.append(sign, make('span', 'text', operation.text || operation.kind));
  for (const child of box.children) {
    child.setAttribute('aria-hidden', 'true');
  }
  box.setAttribute('aria-label', spokenText(operation, order));
  return box;
}

// The boxes of one client. An operation without a return stays open: its box reaches to the next
// one of its row, and a dashed line goes on to the end.
function drawClient(canvas, label, shown, top, state) {
  const {axis} = picture;
  const items = shown.map(operation => ({operation}));
  const rows = pack(items, item => item.operation.call, item => item.operation.ret ?? item.operation.call);
  const lane = addLane(canvas, label, 'client', top, rows);
  const row = {label, items: [], top, height: rows * rowHeight};
  const following = new Array(rows).fill(axis.end);
  for (const item of [...items].reverse()) {
    item.x = axis.x[item.operation.call];
    item.room = following[item.row] - item.x;
    following[item.row] = item.x;
  }
  for (const item of items) {
    const {operation} = item;
    const open = operation.ret === null;
    const width = open ? Math.max(item.room - 3, 8) : Math.max(axis.x[operation.ret] - item.x, 8);
    item.end = item.x + width;
    item.top = top + item.row * rowHeight;
    item.element = place(
      boxOf(operation, state.order, state.violation), item.x, item.row * rowHeight + 3, width);
    // A text longer than its box may go on over the free room behind it.
    const isThin = width < 20;  // then it begins behind the box
    const room = Math.max(item.room - 4, width) - (isThin ? width : 0);
    item.element.style.setProperty('--room', `${room}px`);
    item.element.style.setProperty('--width', `${width}px`);
    item.element.classList.toggle('thin', isThin);
    item.element.classList.toggle('narrow', room < 30);
    if (open) {
      const tail = place(make('div', 'tail'), item.x, item.row * rowHeight + rowHeight - 3,
        axis.end - item.x);
      lane.append(tail);
    }
    addItem(row, lane, item);
  }
  picture.rows.push(row);
  return rows * rowHeight;
}

function drawAnnotations(canvas, under, top) {
  const {axis} = picture;
  const lanes = new Map();
  for (const [lane, text, from, to] of data.annotations) {
    const name = lane || 'beside';
    lanes.set(name, [...(lanes.get(name) || []), {name, text, from, to}]);
  }
  let height = 0;
  for (const [name, annotations] of lanes) {
    const items = annotations.map(annotation => ({
      annotation, x: axis.at(annotation.from), end: axis.at(annotation.to)}));
    items.sort((a, b) => a.x - b.x);
    const rows = pack(items, item => item.x, item => Math.max(item.end, item.x + 8));
    const lane = addLane(canvas, name, 'beside', top + height, rows);
    const row = {label: name, items: [], top: top + height, height: rows * rowHeight};
    const isLeader = /leader|term/i.test(name);
    for (const item of items) {
      const {text} = item.annotation;
      const width = Math.max(item.end - item.x, 8);
      item.top = row.top + item.row * rowHeight;
      item.element = place(make('button', `annotation ${isLeader ? 'leader' : 'fault'}`,
        make('span', 'text', text)), item.x, item.row * rowHeight + 3, width);
      item.element.setAttribute('aria-label', `${name}: ${text}`);
      item.element.style.setProperty('--x', `${item.x}px`);
      const next = items.find(other => other.row === item.row && other.x > item.x);
      item.element.style.setProperty('--room', `${Math.max((next ? next.x : axis.end) - item.x - 4, width)}px`);
      item.end = item.x + width;
      if (!isLeader) {
        under.append(drawn('rect', {class: 'fault', x: item.x, y: item.top, width, height: 100000}));
      }
      addItem(row, lane, item);
    }
    picture.rows.push(row);
    height += rows * rowHeight;
  }
  return height;
}

// The highest version that an ended operation had shown by then, as a line that only rises.
function drawFloor(canvas, under, top) {
  if (data.floor.length === 0) {
    return 0;
  }
  const height = 72;
  const {axis} = picture;
  addLane(canvas, 'floor', 'floor', top, 1, height);
  const group = drawn('g', {});
  under.append(group);
  picture.floor = {group, top, height, points: data.floor.map(([half, version]) => ({
    x: axis.at(half), version: Number(version), text: `${version}`}))};
  return height;
}

// The part of the floor that is in view, as high as its lane; called again whenever that moves.
function scaleFloor() {
  const {floor, box, axis} = picture;
  if (!floor) {
    return;
  }
  const [from, to] = [box.scrollLeft, box.scrollLeft + box.clientWidth];
  const after = floor.points.findIndex(point => point.x > from);
  const first = Math.max((after < 0 ? floor.points.length : after) - 1, 0);
  const shown = floor.points.filter((point, i) => i >= first && point.x <= to);
  if (shown.length === 0) {
    return;
  }
  const least = shown[0].version;
  const span = Math.max(shown[shown.length - 1].version - least, 1);
  const y = version => floor.top + floor.height - 8 - (version - least) / span * (floor.height - 28);
  const left = from + labelWidth();
  let path = `M${Math.max(shown[0].x, from)},${y(least)}`;
  let labelled = -Infinity;
  let last = '';
  floor.group.replaceChildren();
  for (const {x, version, text} of shown) {
    path += x >= from ? `H${x}V${y(version)}` : '';
    const at = Math.max(x, left);
    if (text !== last && at - labelled > 24 + 8 * last.length) {
      const label = drawn('text', {x: at + 3, y: y(version) - 4, class: 'floor-label'});
      label.textContent = text;
      floor.group.append(label);
      labelled = at;
      last = text;
    }
  }
  floor.group.prepend(drawn('path', {class: 'floor-line', d: `${path}H${Math.min(to, axis.end)}`}));
}

function drawAxis(canvas, under, height) {
  const {axis} = picture;
  const scale = make('div', 'scale');
  scale.setAttribute('aria-hidden', 'true');
  scale.append(make('span', 'name', axis.kind !== 'time' ? 'event' : data.since_first_call ? 'since first call' : 'time'));
  for (const {x, text} of axis.ticks()) {
    scale.append(place(make('span', 'tick', text), x, 0));
    under.prepend(drawn('line', {class: 'tick', x1: x, y1: 0, x2: x, y2: height}));
  }
  for (const {x, hidden} of axis.gaps) {
    under.prepend(drawn('rect', {class: 'gap', x, y: 0, width: gapWidth - 12, height}));
    const note = place(make('span', 'gap-note', `${plural(hidden, 'operation')} not shown`), x, 34);
    canvas.append(note);
  }
  canvas.append(scale);
}

// How deep arrows hang that join boxes of one row.
const arcDepth = 22;

// Arrows from each witness to the next one, back to the first if they are a cycle.
function drawWitness(over, violation) {
  const items = violation.operations.map(
    operation => picture.items.find(item => item.operation === operation)).filter(Boolean);
  const isCycle = items.length > 2 && /^G/.test(violation.name);
  const pairs = items.slice(1).map((item, i) => [items[i], item]);
  if (isCycle) {
    pairs.push([items[items.length - 1], items[0]]);
  }
  for (const [from, to] of pairs) {
    if (from.top === to.top) {  // in one row: under the boxes, not through their texts
      const [a, b] = [from, to].map(item => Math.min((item.x + item.end) / 2, item.x + 60));
      const y = from.top + rowHeight - 3;
      over.append(drawn('path', {class: 'arrow', 'marker-end': 'url(#head)',
        d: `M${a},${y}C${a},${y + arcDepth} ${b},${y + arcDepth} ${b},${y}`}));
      continue;
    }
    const y = [from, to].map(item => item.top + rowHeight / 2);
    const isAfter = to.x > from.end;
    const x1 = isAfter ? from.end : Math.min((from.x + from.end) / 2, from.x + 60);
    const x2 = isAfter ? to.x : Math.min((to.x + to.end) / 2, to.x + 60);
    const down = y[1] > y[0] ? 1 : y[1] < y[0] ? -1 : 0;
    const edge = isAfter ? 0 : down * (rowHeight / 2 - 3);
    const [y1, y2] = [y[0] + edge, y[1] - edge];
    const bend = isAfter ? Math.max((x2 - x1) / 2, 20) : 0;
    over.append(drawn('path', {class: 'arrow', 'marker-end': 'url(#head)',
      d: `M${x1},${y1}C${x1 + bend},${y1 + (isAfter ? 0 : (y2 - y1) / 2)} ${x2 - bend},` +
        `${y2 - (isAfter ? 0 : (y2 - y1) / 2)} ${x2},${y2}`}));
  }
}

// The order that the search got to: a tick in each box, as far to the left as it may be.
function drawOrder(over, order) {
  let x = 0;
  let path = '';
  for (const [id] of order.steps) {
    const item = picture.items.find(candidate => candidate.operation && candidate.operation.id === id);
    if (!item) {
      continue;
    }
    x = Math.min(Math.max(x + 4, item.x + 4), Math.max(item.end - 2, item.x));
    over.append(drawn('line', {class: 'point', x1: x, x2: x, y1: item.top + 3, y2: item.top + rowHeight - 3}));
    path += `${path ? 'L' : 'M'}${x},${item.top + rowHeight / 2}`;
  }
  if (path) {
    over.append(drawn('path', {class: 'order', d: path}));
  }
}

function arrowHead() {
  const marker = drawn('marker', {id: 'head', viewBox: '0 0 10 10', refX: 9, refY: 5,
    markerWidth: 7, markerHeight: 7, orient: 'auto-start-reverse'});
  marker.append(drawn('path', {class: 'head', d: 'M0,0L10,5L0,10z'}));
  const defs = drawn('defs', {});
  defs.append(marker);
  return defs;
}

// state: {kind, zoom, order, violation, lanes: names from top to bottom, shows(operation)}
function draw(box, state) {
  picture.box = box;
  picture.rows = [];
  picture.items = [];
  picture.floor = null;
  picture.axis = new Axis(state.kind, state.zoom, box.clientWidth);
  const {axis} = picture;
  const canvas = make('div', 'canvas');
  const under = drawn('svg', {class: 'under', 'aria-hidden': 'true'});
  const over = drawn('svg', {class: 'over', 'aria-hidden': 'true'});
  canvas.append(under);
  let top = 28;
  top += drawAnnotations(canvas, under, top);
  top += drawFloor(canvas, under, top);
  const lanes = new Map(state.lanes.map(name => [name, []]));
  for (const operation of operations) {
    if (state.shows(operation)) {
      lanes.get(operation.lane)?.push(operation);
    }
  }
  for (const [name, shown] of lanes) {
    if (shown.length > 0) {
      top += drawClient(canvas, name, shown, top, state);
    }
  }
  picture.height = top + arcDepth;
  drawAxis(canvas, under, picture.height);
  over.append(arrowHead());
  if (state.order) {
    drawOrder(over, state.order);
  }
  if (violations[state.violation]) {
    drawWitness(over, violations[state.violation]);
  }
  canvas.append(over);
  for (const svg of [under, over]) {
    svg.setAttribute('width', axis.end);
    svg.setAttribute('height', picture.height);
  }
  canvas.style.width = `${axis.end}px`;
  canvas.style.height = `${picture.height}px`;
  box.replaceChildren(canvas);
  scaleFloor();
}
