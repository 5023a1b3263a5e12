// Start: the bars, the legend, the help, the paper, and everything put on the stage.

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

// On paper there is no scrolling: the boxes around the witness, as wide as the sheet, and its lanes
// first, as there may be more than a sheet holds.
function beforePrint() {
  state.onScreen = {zoom: state.zoom, witnessLanesFirst: state.witnessLanesFirst};
  state.witnessLanesFirst = state.witnessLanesFirst || picture.height > 600;
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
  Object.assign(state, state.onScreen);
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
