'use strict';
// Data: the judged history as this page carries it, and words for it.
// The files data, layout, drawing, details, controls and start are one script, in this order.

const data = JSON.parse(document.getElementById('history').textContent);

const outcomes = {
  1: {word: 'ok', sign: '\u2713'},
  2: {word: 'failed', sign: '\u2717'},
  3: {word: 'unknown', sign: '?'},
};

// call, ret: ranks, which are indices of data.places; ret is null while open to the right.
const operations = data.operations.map(([id, lane, call, ret, callNs, returnNs, line, outcome, kind,
  stream, key, text, before, after, rule]) => ({
  id, call, ret, callNs, returnNs, line, text, before, after, rule,
  outcome: outcomes[outcome].word,
  sign: outcomes[outcome].sign,
  lane: lane < 0 ? 'nobody' : data.lanes[lane],
  kind: data.kinds[kind] || '',
  stream: data.streams[stream] || '',
  key: data.keys[key] || '',
  witness: [],  // {violation, number, of}
}));
const byId = new Map(operations.map(operation => [operation.id, operation]));

// ids: the witness, as far as it is in the window.
const violations = data.anomalies.map(([name, ids], index) => {
  const shown = [...new Set(ids)].map(id => byId.get(id)).filter(Boolean);
  shown.forEach((operation, i) => operation.witness.push(
    {violation: index, number: i + 1, of: shown.length}));
  return {name, index, operations: shown};
});

// The orders that searches got to. A place is the number of a step, from 1.
const orders = data.partial.map((order, index) => ({
  ...order,
  index,
  places: new Map(order.steps.map(([id], i) => [id, order.skipped + i + 1])),
  reasons: new Map(order.refused),
}));

function plural(count, noun) {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

// Nanoseconds as people write them: 1.25 s, 380 us. `step` tells how fine it must be.
function timeText(ns, step = 0) {
  const size = Math.max(Math.abs(ns), step);
  const [unit, name] = size >= 1e9 ? [1e9, 's'] : size >= 1e6 ? [1e6, 'ms'] :
    size >= 1e3 ? [1e3, '\u00b5s'] : [1, 'ns'];
  const digits = step > 0 ? Math.max(0, Math.ceil(Math.log10(unit / step))) : 6;
  return `${Number((ns / unit).toFixed(Math.min(digits, 9)))} ${name}`;
}

// "at 1.2 ms (event 17)", as far as it is known.
function momentText(ns, rank) {
  const event = rank === null ? '' : `event ${data.places[rank]}`;
  return ns === null ? event : event === '' ? timeText(ns) : `${timeText(ns)}, ${event}`;
}

function returnText(operation) {
  if (operation.ret === null) {
    return 'never: it may take effect at any time from its call on' +
      (operation.returnNs === null ? '' : ` (its client gave up at ${timeText(operation.returnNs)})`);
  }
  return momentText(operation.returnNs, operation.ret);
}

// A sentence for those who do not see the box.
function spokenText(operation, order) {
  const parts = [`${operation.lane}: ${operation.text || operation.kind}`, operation.outcome,
    `called ${momentText(operation.callNs, operation.call)}`,
    `returned ${returnText(operation)}`];
  for (const {violation, number, of} of operation.witness) {
    parts.push(`witness ${number} of ${of} of violation ${violation + 1}, ${violations[violation].name}`);
  }
  if (order && order.places.has(operation.id)) {
    parts.push(`number ${order.places.get(operation.id)} of the longest order`);
  }
  if (order && order.reasons.has(operation.id)) {
    parts.push(`refused next: ${order.reasons.get(operation.id)}`);
  }
  for (const [name, text] of [['rule', operation.rule], ['state before', operation.before],
    ['state after', operation.after]]) {
    if (text) {
      parts.push(`${name}: ${text}`);
    }
  }
  return parts.join('; ');
}

// An element; `children` are elements or texts, never markup.
function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) {
    element.className = className;
  }
  element.append(...children);
  return element;
}

function drawn(tag, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  return element;
}
