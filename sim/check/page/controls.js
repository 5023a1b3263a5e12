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
  held: null,          // the one whose details stay
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
  const isFocused = box.contains(document.activeElement);
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
    if (isFocused) {
      item.element.focus({preventScroll: true});
    }
  }
  markHeld();
  if (ui.tableHolder.parentElement.open) {
    drawTable();
  }
}

function itemOf(thing) {
  return thing && picture.items.find(item => (item.operation || item.annotation) === thing);
}

function markHeld() {
  for (const item of picture.items) {
    item.element.classList.toggle('held', (item.operation || item.annotation) === state.held);
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
  state.held = null;
  if (!passes(operation)) {
    clearFilters();
    state.hidden.delete(operation.lane);
    redraw();
    say('The filters were cleared: they hid this operation.');
  }
  markHeld();
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
    state.held = null;
    markHeld();
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
  // Until somebody looks for details they are below the picture, not in front of it.
  ui.panel.classList.add('resting');
  for (const event of ['mouseover', 'focusin']) {
    box.addEventListener(event, () => ui.panel.classList.remove('resting'), {once: true});
  }
  box.addEventListener('mouseover', event => {
    const item = itemAt(event);
    if (item && !state.held) {
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
      state.current = item.operation || item.annotation;
      if (!state.held) {
        showDetails(ui.panel, item, state.order, false);
      }
    }
  });
  box.addEventListener('click', event => {
    const item = itemAt(event);
    if (item) {
      const thing = item.operation || item.annotation;
      state.held = state.held === thing ? null : thing;
      state.current = thing;
      markHeld();
      showDetails(ui.panel, item, state.order, state.held !== null);
    }
  });
}
