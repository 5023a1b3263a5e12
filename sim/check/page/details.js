// Details: everything known about one operation, the order of a search, and the table.

function detailRow(list, name, value) {
  if (value !== '' && value !== null && value !== undefined) {
    list.append(make('div', '', make('dt', '', name), make('dd', '', value)));
  }
}

function witnessText(operation) {
  return operation.witness.map(({violation, number, of}) =>
    `${number} of ${of} in violation ${violation + 1}, ${violations[violation].name}`).join('; ');
}

function orderText(operation, order) {
  if (!order) {
    return '';
  }
  if (order.reasons.has(operation.id)) {
    return `refused next: ${order.reasons.get(operation.id)}`;
  }
  const number = order.places.get(operation.id);
  return number === undefined ? '' : `number ${number}`;
}

// state.order and whether it is held fast come from the controls.
function showDetails(panel, item, order, isPinned) {
  panel.classList.toggle('pinned', isPinned);
  panel.classList.toggle('idle', !item);
  if (!item) {
    panel.replaceChildren(make('p', 'soft',
      'Point at an operation, or move to it with the arrow keys, to see its state before and after, ' +
      'its times and the rule that applied. A click holds it here.'));
    return;
  }
  const list = make('dl', 'details');
  if (item.annotation) {
    panel.replaceChildren(make('h3', '', `${item.annotation.name}: ${item.annotation.text}`), list);
    return;
  }
  const {operation} = item;
  const title = make('h3', '', make('span', 'sign', operation.sign), ' ',
    make('span', 'who', operation.lane), ' ', make('span', 'text', operation.text || operation.kind));
  detailRow(list, 'outcome', operation.outcome);
  detailRow(list, 'called', momentText(operation.callNs, operation.call));
  detailRow(list, 'returned', returnText(operation));
  detailRow(list, 'witness', witnessText(operation));
  detailRow(list, 'longest order', orderText(operation, order));
  detailRow(list, 'rule', operation.rule);
  detailRow(list, 'state before', operation.before);
  detailRow(list, 'state after', operation.after);
  detailRow(list, 'stream', operation.stream);
  detailRow(list, 'key', operation.key);
  detailRow(list, 'line of the file', operation.line === 0 ? '' : `${operation.line}`);
  detailRow(list, 'operation', `${operation.id}`);
  panel.replaceChildren(title, list);
}

// A line of an order: a button that leads to the operation, if it is in the window.
function orderLine(id, text, jump) {
  const operation = byId.get(id);
  if (!operation) {
    return make('span', 'text', `operation ${id}, which is not in the picture: ${text}`);
  }
  const button = make('button', 'jump', make('span', 'who', operation.lane), ' ',
    make('span', 'text', operation.text || operation.kind));
  button.type = 'button';
  button.addEventListener('click', () => jump(operation));
  return make('span', '', button, make('span', 'state', text ? ` ${text}` : ''));
}

function showOrder(section, order, choose, jump) {
  section.replaceChildren();
  if (!order) {
    return;
  }
  const part = order.part ? ` of ${order.part}` : '';
  section.append(make('h2', '', `The longest order found${part}`));
  if (orders.length > 1) {
    const select = make('select', '', ...orders.map(
      ({part: name, index}) => new Option(name || `part ${index + 1}`, index, false, index === order.index)));
    select.addEventListener('change', () => choose(Number(select.value)));
    section.append(make('p', '', make('label', '', 'Part ', select)));
  }
  const length = order.skipped + order.steps.length;
  section.append(make('p', 'soft', `${plural(length, 'operation')} fit one order; the numbers stand on ` +
    `the boxes${order.skipped ? `, and the first ${order.skipped} are not listed` : ''}. ` +
    (order.before ? `State before: ${order.before}.` : '')));
  const list = make('ol', 'order');
  list.start = order.skipped + 1;
  for (const [id, state] of order.steps) {
    list.append(make('li', '', orderLine(id, state ? `\u2192 ${state}` : '', jump)));
  }
  const scroller = make('div', 'scroller', list);
  scroller.tabIndex = 0;
  scroller.setAttribute('role', 'region');
  scroller.setAttribute('aria-label', 'operations in the order that was found');
  section.append(scroller);
  const refused = make('ul', 'refused');
  for (const [id, why] of order.refused) {
    refused.append(make('li', '', make('span', 'mark', '\u2717 '), orderLine(id, `refused: ${why}`, jump)));
  }
  section.append(make('h3', 'bad', 'What was tried next, and why it was refused'), refused);
  if (order.refused_total > order.refused.length) {
    section.append(make('p', 'soft', `and ${order.refused_total - order.refused.length} more`));
  }
  // The end of the order is what matters.
  scroller.scrollTop = scroller.scrollHeight;
}

const columns = [
  ['operation', (operation, jump) => {
    const button = make('button', 'jump', `${operation.id}`);
    button.type = 'button';
    button.setAttribute('aria-label', `show operation ${operation.id} in the picture`);
    button.addEventListener('click', () => jump(operation));
    return button;
  }],
  ['client', operation => operation.lane],
  ['what', operation => operation.text],
  ['outcome', operation => `${operation.sign} ${operation.outcome}`],
  ['called', operation => momentText(operation.callNs, operation.call)],
  ['returned', operation => operation.ret === null ? 'open' :
    momentText(operation.returnNs, operation.ret)],
  ['state before', operation => operation.before],
  ['state after', operation => operation.after],
  ['rule', operation => operation.rule],
  ['witness', operation => witnessText(operation)],
  ['order', (operation, jump, order) => orderText(operation, order)],
  ['line', operation => operation.line === 0 ? '' : `${operation.line}`],
];

// The picture as a table; columns that would be empty are left out.
function fillTable(holder, shown, order, jump) {
  const head = make('tr', '');
  const used = columns.filter(([, text], i) => i < 6 || shown.some(operation => text(operation, jump, order) !== ''));
  for (const [name] of used) {
    const cell = make('th', '', name);
    cell.scope = 'col';
    head.append(cell);
  }
  const body = make('tbody', '');
  for (const operation of shown) {
    const row = make('tr', operation.witness.length > 0 ? 'witness' : '');
    for (const [, text] of used) {
      row.append(make('td', '', text(operation, jump, order)));
    }
    body.append(row);
  }
  holder.replaceChildren(make('table', '', make('thead', '', head), body));
}
