// Controls: filters, keys, and moving from operation to operation.

const state = {
  kind: rankTimes ? 'time' : 'rank',
  zoom: 1,
  fittingZoom: 1,      // that of the beginning
  violation: 0,
  step: 0,             // witness of the violation
  order: orders[0],
  lanes: [],
  hidden: new Set(),   // lanes
  witnessLanesFirst: laneNames.length > 10,
  lettersWork: true,
  filters: {lane: '', stream: '', key: '', kind: '', outcome: '', text: ''},
  current: null,       // the operation or annotation that the keys move from
  pinned: false,
  shows: operation => passes(operation),
};
const ui = {};

function passes(operation) {
  const {filters} = state;
  const fields = ['lane', 'stream', 'key', 'kind', 'outcome'];
  if (state.hidden.has(operation.lane) ||
    fields.some(field => filters[field] !== '' && filters[field] !== operation[field])) {
    return false;
  }
  const wanted = filters.text.trim().toLowerCase();
  return wanted === '' || [operation.text, operation.lane, operation.key, operation.stream,
    operation.before, operation.after, operation.rule, `${operation.id}`].some(
    text => text.toLowerCase().includes(wanted));
}

function isImportant(operation) {
  return operation.witness.some(({violation}) => violation === state.violation) ||
    Boolean(state.order && violations.length < 2 && state.order.reasons.has(operation.id));
}

function orderLanes() {
  const first = new Set(state.witnessLanesFirst ?
    operations.filter(isImportant).map(operation => operation.lane) : []);
  const visible = laneNames.filter(name => !state.hidden.has(name));
  state.lanes = [...visible.filter(name => first.has(name)), ...visible.filter(name => !first.has(name))];
}

function say(text) {
  ui.status.textContent = text;
}

function countText() {
  const shown = picture.items.filter(item => item.operation).length;
  const hidden = state.hidden.size ? `; ${plural(state.hidden.size, 'lane')} hidden` : '';
  return (shown === operations.length ? `All ${plural(operations.length, 'operation')}` :
    `${shown.toLocaleString('en-US')} of ${plural(operations.length, 'operation')}`) +
    ` of this page ${operations.length === 1 ? 'is' : 'are'} shown${hidden}.`;
}

// Draws everything anew and keeps what was in view in view.
function redraw() {
  const {box} = ui;
  const anchor = picture.axis && {rank: picture.axis.x.findIndex(x => x >= box.scrollLeft + labelWidth()),
    left: box.scrollLeft};
  const offset = anchor && anchor.rank >= 0 ? picture.axis.x[anchor.rank] - anchor.left : 0;
  orderLanes();
  draw(box, state);
  if (anchor && anchor.rank >= 0) {
    box.scrollLeft = picture.axis.x[anchor.rank] - offset;
  }
  const isEmpty = !picture.items.some(item => item.operation);
  ui.empty.hidden = !isEmpty;
  ui.showLanes.hidden = state.hidden.size === 0;
  ui.reset.hidden = Object.values(state.filters).every(value => value === '');
  ui.axisTime.setAttribute('aria-pressed', state.kind === 'time');
  ui.axisRank.setAttribute('aria-pressed', state.kind === 'rank');
  say(countText());
  const item = itemOf(state.current) || picture.items.find(i => i.operation && isImportant(i.operation)) ||
    picture.items[0];
  if (item) {
    item.element.tabIndex = 0;
    state.current = item.operation || item.annotation;
  }
  markPinned();
  if (ui.tableHolder.parentElement.open) {
    drawTable();
  }
}

function itemOf(thing) {
  return thing && picture.items.find(item => (item.operation || item.annotation) === thing);
}

function markPinned() {
  for (const item of picture.items) {
    const isPinned = state.pinned && (item.operation || item.annotation) === state.current;
    item.element.classList.toggle('held', isPinned);
  }
}

function drawTable() {
  fillTable(ui.tableHolder, operations.filter(passes), state.order, jumpTo);
}

// Scrolls the stage so that the items are in view: in the middle if they fit together.
function reveal(items, middle) {
  const {box} = ui;
  const left = Math.min(...items.map(item => item.x));
  const right = Math.max(...items.map(
    item => items.length > 1 ? item.end : Math.min(item.end, item.x + 400)));
  const top = Math.min(...items.map(item => item.top));
  const bottom = Math.max(...items.map(item => item.top + rowHeight));
  const [fromX, toX] = [box.scrollLeft + labelWidth() + 8, box.scrollLeft + box.clientWidth - 8];
  if (middle || left < fromX || right > toX) {
    const free = box.clientWidth - labelWidth() - (right - left);
    box.scrollLeft = left - labelWidth() - Math.max(free / 2, 24);
  }
  const [fromY, toY] = [box.scrollTop + 30, box.scrollTop + box.clientHeight];
  if (middle || top < fromY || bottom > toY) {
    const free = box.clientHeight - 30 - (bottom - top);
    box.scrollTop = top - 30 - Math.max(free / 2, 0);
  }
}

// A witness together with the others of its violation, if one view can hold them.
function revealWitness(item) {
  const violation = violations[state.violation];
  const all = violation ? violation.operations.map(itemOf).filter(Boolean) : [];
  const {box} = ui;
  const fits = Math.max(...all.map(i => i.end)) - Math.min(...all.map(i => i.x)) <
    box.clientWidth - labelWidth() && Math.max(...all.map(i => i.top)) -
    Math.min(...all.map(i => i.top)) < box.clientHeight - 60;
  reveal(all.includes(item) && fits ? all : [item], true);
}

// Narrower than texts would like, if that brings the first violation's witness into one view.
function zoomOfWitness() {
  const items = violations[0].operations.map(itemOf).filter(Boolean);
  const width = Math.max(...items.map(item => item.end)) - Math.min(...items.map(item => item.x));
  const fitting = (ui.box.clientWidth - labelWidth() - 48) / width;
  return fitting > 0.2 && fitting < 1 ? fitting : 1;
}

function moveTo(item, middle = false) {
  if (!item) {
    return;
  }
  const before = itemOf(state.current);
  if (before) {
    before.element.tabIndex = -1;
  }
  state.current = item.operation || item.annotation;
  item.element.tabIndex = 0;
  reveal([item], middle);
  item.element.focus({preventScroll: true});
  clearOfPanel(item.element);
}

// Scrolls the page until the details do not cover the element.
function clearOfPanel(element) {
  const {top, bottom} = element.getBoundingClientRect();
  const free = window.innerHeight - ui.panel.offsetHeight - 24;
  if (bottom > free) {
    window.scrollBy(0, bottom - free);
  } else if (top < 40) {
    window.scrollBy(0, top - 40);
  }
}

// To an operation wherever it is, even if a filter or a hidden lane keeps it out of sight.
function jumpTo(operation) {
  state.pinned = false;
  if (!passes(operation)) {
    clearFilters();
    state.hidden.delete(operation.lane);
    redraw();
    say('The filters were cleared: they hid this operation.');
  }
  markPinned();
  const item = itemOf(operation);
  showDetails(ui.panel, item, state.order, false);
  moveTo(item, true);
}

function showViolation(index, step = 0, isFocused = true) {
  const violation = violations[index];
  state.violation = index;
  state.step = step;
  const order = orders.find(({reasons}) => violation.operations.some(({id}) => reasons.has(id)));
  if (order && order !== state.order) {
    chooseOrder(order.index);
  }
  if (ui.violation) {
    const sentence = document.querySelector(`#violation-${index} > span`);
    ui.violation.textContent =
      `Violation ${index + 1} of ${violations.length}: ${violation.name}`;
    ui.sentence.textContent = sentence ? sentence.textContent : '';
    // The reasons of the first one stand at the top of the page.
    const steps = document.querySelectorAll(`#violation-${index} ol`);
    ui.why.replaceChildren(...[...steps].map(list => list.cloneNode(true)));
    document.querySelectorAll('#violations li').forEach(
      (item, i) => item.classList.toggle('current', i === index));
    document.querySelectorAll('#violations li').forEach(item => {
      item.toggleAttribute('aria-current', item.id === `violation-${index}`);
    });
  }
  redraw();
  const operation = violation.operations[step];
  if (!operation) {
    say('This violation concerns no single operation of this page.');
  } else if (isFocused) {
    jumpTo(operation);
    revealWitness(itemOf(operation));
    clearOfPanel(itemOf(operation).element);
  } else {
    state.current = operation;
    showDetails(ui.panel, itemOf(operation), state.order, false);
    redraw();
    revealWitness(itemOf(operation));
  }
}

// All witnesses of all violations are one ring.
function stepWitness(by) {
  const ring = violations.flatMap(({index, operations: witness}) => witness.map((_, step) => [index, step]));
  if (ring.length === 0) {
    say('There is no witness to go to.');
    return;
  }
  const at = ring.findIndex(([index, step]) => index === state.violation && step === state.step);
  const isThere = itemOf(violations[state.violation].operations[state.step])?.element ===
    document.activeElement;
  const next = isThere || by < 0 ? (at + by + ring.length) % ring.length : Math.max(at, 0);
  showViolation(...ring[next]);
}

function stepViolation(by) {
  if (violations.length > 0) {
    showViolation((state.violation + by + violations.length) % violations.length);
  }
}

function firstViolation() {
  if (violations.length > 0) {
    showViolation(0);
  } else if (state.order && state.order.refused.length > 0 && byId.get(state.order.refused[0][0])) {
    jumpTo(byId.get(state.order.refused[0][0]));
  } else {
    say('Nothing is violated: there is nothing to go to.');
  }
}

function setAxis(kind) {
  if (kind === 'time' && !rankTimes) {
    say('This history carries no times.');
    return;
  }
  const item = itemOf(state.current);
  state.kind = kind;
  redraw();
  say(kind === 'time' ? 'To scale in time.' : 'One step per event; gaps in time are not seen.');
  if (item) {
    revealWitness(itemOf(state.current));
  }
}

function setZoom(factor) {
  const item = itemOf(state.current);
  state.zoom = factor === 0 ? state.fittingZoom : Math.min(Math.max(state.zoom * factor, 1 / 64), 64);
  redraw();
  if (item && itemOf(state.current)) {
    reveal([itemOf(state.current)], true);
  }
}

function hideLane(name) {
  state.hidden.add(name);
  redraw();
  ui.showLanes.focus();
}

function clearFilters() {
  for (const name of Object.keys(state.filters)) {
    state.filters[name] = '';
    ui.filters[name].value = '';
  }
}

// Left and right in a lane, with Shift over all lanes; up and down to what is nearest in time.
function arrow(event) {
  const item = itemOf(state.current);
  const row = item && picture.rows.find(candidate => candidate.items.includes(item));
  if (!row) {
    return false;
  }
  const all = [...picture.items].sort((a, b) => a.x - b.x);
  const line = event.shiftKey ? all : row.items;
  const at = line.indexOf(item);
  const vertical = by => {
    const rows = picture.rows.filter(candidate => candidate.items.length > 0);
    const next = rows[rows.indexOf(row) + by];
    const distance = other => Math.max(other.x - item.end, item.x - other.end, 0) * 1e6 +
      Math.abs(other.x - item.x);
    return next && next.items.reduce((a, b) => distance(b) < distance(a) ? b : a);
  };
  const target = {
    ArrowLeft: () => line[at - 1],
    ArrowRight: () => line[at + 1],
    ArrowUp: () => vertical(-1),
    ArrowDown: () => vertical(1),
    Home: () => all[0],
    End: () => all[all.length - 1],
  }[event.key];
  if (!target) {
    return false;
  }
  moveTo(target());
  return true;
}

const letters = {
  n: () => stepWitness(1),
  p: () => stepWitness(-1),
  N: () => stepViolation(1),
  P: () => stepViolation(-1),
  w: () => firstViolation(),
  t: () => setAxis(state.kind === 'time' ? 'rank' : 'time'),
  '/': () => ui.filters.text.focus(),
  '+': () => setZoom(1.5),
  '=': () => setZoom(1.5),
  '-': () => setZoom(1 / 1.5),
  '0': () => setZoom(0),
  '?': () => ui.help.showModal(),
};

function keyDown(event) {
  const isTyping = event.target.matches('input, select, textarea');
  if (event.ctrlKey || event.metaKey || event.altKey || ui.help.open) {
    return;
  }
  if (event.key === 'Escape') {
    state.pinned = false;
    markPinned();
    showDetails(ui.panel, itemOf(state.current), state.order, false);
    if (isTyping) {
      moveTo(itemOf(state.current));
    }
  } else if (!isTyping && event.target.closest('.canvas') && arrow(event)) {
    event.preventDefault();
  } else if (!isTyping && state.lettersWork && Object.hasOwn(letters, event.key)) {
    event.preventDefault();
    letters[event.key]();
  }
}

function itemAt(event) {
  const element = event.target.closest('[data-item]');
  return element && picture.items[Number(element.dataset.item)];
}

function listenToPicture(box) {
  box.addEventListener('scroll', scaleFloor, {passive: true});
  box.addEventListener('mouseover', event => {
    const item = itemAt(event);
    if (item && !state.pinned) {
      showDetails(ui.panel, item, state.order, false);
    }
  });
  box.addEventListener('focusin', event => {
    const item = itemAt(event);
    if (item) {
      const before = itemOf(state.current);
      if (before && before !== item) {
        before.element.tabIndex = -1;
      }
      item.element.tabIndex = 0;
      if (!state.pinned) {
        state.current = item.operation || item.annotation;
        showDetails(ui.panel, item, state.order, false);
      }
    }
  });
  box.addEventListener('click', event => {
    const item = itemAt(event);
    if (item) {
      const thing = item.operation || item.annotation;
      state.pinned = !(state.pinned && state.current === thing);
      state.current = thing;
      markPinned();
      showDetails(ui.panel, item, state.order, state.pinned);
    }
  });
}

function button(text, title, action) {
  const element = make('button', 'tool', text);
  element.type = 'button';
  element.title = title;
  element.addEventListener('click', action);
  return element;
}

function filterSelect(name, label, values) {
  const select = make('select', '', new Option(`every ${label}`, ''), ...values.map(
    value => new Option(value, value)));
  select.setAttribute('aria-label', label);
  select.addEventListener('change', () => {
    state.filters[name] = select.value;
    redraw();
  });
  ui.filters[name] = select;
  return make('label', values.length > 1 ? 'filter' : 'filter unused', make('span', '', label), select);
}

function makeFilters() {
  ui.filters = {};
  const search = make('input', '');
  search.type = 'search';
  search.placeholder = 'text, key, state, number';
  search.setAttribute('aria-label', 'search');
  search.addEventListener('input', () => {
    state.filters.text = search.value;
    redraw();
  });
  ui.filters.text = search;
  ui.reset = button('Clear filters', 'show every operation', () => {
    clearFilters();
    redraw();
    ui.filters.text.focus();
  });
  ui.showLanes = button('Show all lanes', 'show the lanes that were hidden', () => {
    state.hidden.clear();
    redraw();
  });
  const used = values => [...new Set(values)].filter(value => value !== '');
  return make('div', 'tools', make('label', 'filter', make('span', '', 'search'), search),
    filterSelect('lane', 'client', laneNames),
    filterSelect('kind', 'kind', used(operations.map(operation => operation.kind))),
    filterSelect('outcome', 'outcome', used(operations.map(operation => operation.outcome))),
    filterSelect('stream', 'stream', data.streams),
    filterSelect('key', 'key', data.keys), ui.reset, ui.showLanes);
}

function makeTools() {
  ui.axisTime = button('time', 'x axis to scale in time (t)', () => setAxis('time'));
  ui.axisRank = button('event', 'x axis with one step per event (t)', () => setAxis('rank'));
  ui.axisTime.disabled = !rankTimes;
  ui.axisTime.title = rankTimes ? ui.axisTime.title : 'this history carries no times';
  const axis = make('span', 'group', make('span', 'label', 'x axis'), ui.axisTime, ui.axisRank);
  axis.setAttribute('role', 'group');
  axis.setAttribute('aria-label', 'x axis');
  const zoom = make('span', 'group', make('span', 'label', 'zoom'),
    button('\u2212', 'narrower (-)', () => setZoom(1 / 1.5)),
    button('1:1', 'as at the beginning (0)', () => setZoom(0)), button('+', 'wider (+)', () => setZoom(1.5)));
  zoom.setAttribute('role', 'group');
  zoom.setAttribute('aria-label', 'zoom');
  const tools = make('div', 'tools');
  if (violations.length > 0) {
    tools.append(make('span', 'group',
      button('\u2190 witness', 'previous witness (p)', () => stepWitness(-1)),
      button('witness \u2192', 'next witness (n)', () => stepWitness(1)),
      button('first violation', 'go to the first violation (w)', firstViolation)));
  }
  tools.append(axis, zoom);
  if (laneNames.length > 3 && (violations.length > 0 || orders.length > 0)) {
    const box = make('input', '');
    box.type = 'checkbox';
    box.checked = state.witnessLanesFirst;
    box.addEventListener('change', () => {
      state.witnessLanesFirst = box.checked;
      redraw();
    });
    tools.append(make('label', 'check', box, ' lanes of the witness first'));
  }
  tools.append(button('? keys', 'what the keys do (?)', () => ui.help.showModal()));
  return tools;
}

function makeViolation() {
  if (violations.length < 2) {
    return make('div', '');  // the first line of the page says it
  }
  ui.violation = make('strong', '');
  ui.sentence = make('span', '');
  ui.why = make('div', 'why');
  return make('div', 'violation', make('span', 'group',
    button('\u2190 violation', 'previous violation (P)', () => stepViolation(-1)),
    button('violation \u2192', 'next violation (N)', () => stepViolation(1))), ' ',
    ui.violation, ' ', ui.sentence, ui.why);
}

function legendEntry(className, sample, text) {
  return make('li', '', make('span', `sample ${className}`, sample), ` ${text}`);
}

function makeLegend() {
  const legend = make('ul', 'legend', legendEntry('ok', '\u2713', 'ok'));
  const has = outcome => operations.some(operation => operation.outcome === outcome);
  if (has('failed')) {
    legend.append(legendEntry('failed', '\u2717', 'failed: without effect'));
  }
  if (has('unknown')) {
    legend.append(legendEntry('unknown', '?', 'unknown: open to the right'));
  }
  if (violations.some(violation => violation.operations.length > 0)) {
    legend.append(legendEntry('witness', make('span', 'number', '1'), 'witness of this violation'));
  }
  if (operations.some(({witness}) => witness.length > 0 && witness.every(w => w.violation > 0))) {
    legend.append(legendEntry('elsewhere', '\u2713', 'witness of another one'));
  }
  if (orders.length > 0) {
    legend.append(legendEntry('ok', make('span', 'step', '7'), 'place in the longest order'),
      legendEntry('refused', make('span', 'number', '\u2717'), 'tried next and refused'));
  }
  if (data.floor.length > 0) {
    legend.append(legendEntry('floor-sample', '', 'floor: the version that had been shown by then'));
  }
  return legend;
}

function makeHelp() {
  const rows = [['n, p', 'next and previous witness'], ['Shift+N, Shift+P', 'next and previous violation'],
    ['w', 'to the first violation'], ['Tab', 'into the picture and out of it'],
    ['\u2190 \u2192', 'previous and next operation of the lane; with Shift of all lanes'],
    ['\u2191 \u2193', 'to the lane above and below, nearest in time'],
    ['Home, End', 'first and last operation'], ['Enter', 'hold the details; again or Esc: let go'],
    ['/', 'search'], ['t', 'x axis: time or event'], ['+, -, 0', 'wider, narrower, as at the beginning'],
    ['?', 'this help']];
  const list = make('dl', 'keys');
  for (const [key, text] of rows) {
    list.append(make('div', '', make('dt', '', make('kbd', '', key)), make('dd', '', text)));
  }
  const box = make('input', '');
  box.type = 'checkbox';
  box.checked = true;
  box.addEventListener('change', () => {
    state.lettersWork = box.checked;
  });
  ui.help = make('dialog', 'help');
  const close = button('Close', 'back to the page (Esc)', () => ui.help.close());
  close.autofocus = true;
  ui.help.setAttribute('aria-label', 'keys');
  ui.help.append(make('h2', '', 'Keys'), list, make('p', '',
    make('label', 'check', box, ' single letters and signs work as keys')), close);
  return ui.help;
}

function makeTable() {
  ui.tableHolder = make('div', 'wide');
  ui.tableHolder.tabIndex = 0;
  ui.tableHolder.setAttribute('role', 'region');
  ui.tableHolder.setAttribute('aria-label', 'the operations as a table');
  const details = make('details', '', make('summary', '', 'The same as a table'), ui.tableHolder);
  details.addEventListener('toggle', () => details.open && drawTable());
  return details;
}

// On paper there is no scrolling: the boxes around the witness, as wide as the sheet.
function beforePrint() {
  state.screenZoom = state.zoom;
  const items = violations.length > 0 ? violations[state.violation].operations.map(itemOf).filter(Boolean) : [];
  const left = Math.min(...items.map(item => item.x));
  const right = Math.max(...items.map(item => item.end));
  if (items.length > 0 && right - left > 420) {
    state.zoom *= 420 / (right - left);
  }
  redraw();
  if (items.length > 0) {
    reveal(violations[state.violation].operations.map(itemOf).filter(Boolean), true);
    ui.box.scrollTop = 0;
  }
  // Nothing sticks on paper: the names of the lanes are put where the view begins.
  ui.box.firstChild.style.setProperty('--scrolled', `${ui.box.scrollLeft}px`);
  scaleFloor();
}

function afterPrint() {
  state.zoom = state.screenZoom;
  redraw();
}

function chooseOrder(index) {
  state.order = orders[index];
  showOrder(document.getElementById('orders'), state.order, chooseOrder, jumpTo);
  redraw();
}

function start(stage) {
  ui.stage = stage;
  ui.box = make('div', 'box');
  ui.box.setAttribute('role', 'group');
  ui.box.setAttribute('aria-label', 'operations of each client from left to right');
  ui.status = make('p', 'status');
  ui.status.setAttribute('role', 'status');
  ui.panel = make('div', 'panel');
  ui.panel.setAttribute('role', 'region');
  ui.panel.setAttribute('aria-label', 'details of the operation');
  ui.empty = make('p', 'empty', 'No operation passes the filters. ');
  ui.empty.append(button('Clear filters and show all lanes', '', () => {
    clearFilters();
    state.hidden.clear();
    redraw();
    ui.filters.text.focus();
  }));
  stage.append(makeViolation(), makeTools(), makeFilters(), makeLegend(),
    make('div', '', make('div', 'frame', ui.box), ui.empty, ui.status, ui.panel), makeHelp());
  document.getElementById('table').append(makeTable());
  listenToPicture(ui.box);
  document.addEventListener('keydown', keyDown);
  let width = window.innerWidth;
  window.addEventListener('resize', () => {
    if (window.innerWidth !== width) {
      width = window.innerWidth;
      redraw();
    }
  });
  window.addEventListener('beforeprint', beforePrint);
  window.addEventListener('afterprint', afterPrint);
  showDetails(ui.panel, null, null, false);
  showOrder(document.getElementById('orders'), state.order, chooseOrder, jumpTo);
  redraw();
  if (violations.length > 0) {
    state.zoom = state.fittingZoom = zoomOfWitness();
    showViolation(0, 0, false);
  } else if (state.order) {
    const items = state.order.refused.map(([id]) => itemOf(byId.get(id))).filter(Boolean);
    if (items.length > 0) {
      state.current = items[0].operation;
      redraw();
      reveal([itemOf(state.current)], true);
    }
  }
}

const stageElement = document.getElementById('stage');
if (stageElement) {
  start(stageElement);
}
