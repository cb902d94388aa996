/* global document */
import { ask } from './api.js';

const money = new Intl.NumberFormat('en', { minimumFractionDigits: 2 });
const titles = new Map();

/** What a ticket is called, or the beginning of its id. */
export function nameOf(id) {
  return titles.get(id) ?? id.slice(0, 8);
}

/** Draws tickets beside what `orders` knows about them. */
export function drawTickets(tickets, copies) {
  const copyOf = new Map(copies.map((copy) => [copy.id, copy]));
  for (const { id, title } of tickets) if (!titles.has(id)) introduce(id, title);
  drawRows('tickets', 'ticket-row', tickets, (row, ticket) => fillTicket(row, ticket, copyOf.get(ticket.id)));
  document.getElementById('no-tickets').hidden = tickets.length > 0;
}

/** Draws the orders, the newest first. */
export function drawOrders(orders) {
  drawRows('orders', 'order-row', [...orders].reverse(), fillOrder);
  document.getElementById('no-orders').hidden = orders.length > 0;
}

/** An event is often shown before its ticket has been read. */
function introduce(id, title) {
  titles.set(id, title);
  for (const place of document.querySelectorAll(`[data-about="${id}"]`)) place.textContent = title;
}

function fillTicket(row, ticket, copy) {
  const reserved = ticket.orderId !== null;
  text(row, 'title', ticket.title);
  text(row, 'price', money.format(ticket.price));
  text(row, 'version', `v${ticket.version}`);
  mark(row, 'state', reserved ? 'reserved' : 'free');
  const behind = copy ? ticket.version - copy.version : 0;
  const state = copy ? (behind > 0 ? 'behind' : 'same') : 'lost';
  mark(row, 'copy', state, copy ? `v${copy.version}${behind > 0 ? `, ${behind} behind` : ''}` : 'not there yet');
  row.querySelector('[data-order]').disabled = reserved || !copy;
  for (const control of row.querySelectorAll('.reprice > *')) control.disabled = reserved;
  const form = row.querySelector('.reprice');
  if (form.dataset.ready) return;
  form.dataset.ready = 'yes';
  form.elements.price.value = String(Math.round(ticket.price + 5));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void reprice(ticket.id, Number(form.elements.price.value)).then(
      () => (form.elements.price.value = String(Number(form.elements.price.value) + 5)),
    );
  });
  row.querySelector('[data-burst]').addEventListener('click', () => void burst(ticket.id));
  row
    .querySelector('[data-order]')
    .addEventListener('click', () => void ask('POST', 'orders', { ticketId: ticket.id }));
}

function fillOrder(row, order) {
  text(row, 'id', order.id.slice(0, 8));
  text(row, 'ticket', nameOf(order.ticketId));
  text(row, 'price', money.format(order.price));
  mark(row, 'status', order.status);
  const cancel = row.querySelector('[data-cancel]');
  cancel.hidden = order.status === 'cancelled';
  cancel.onclick = () => void ask('DELETE', `orders/${order.id}`);
}

function reprice(id, price) {
  return ask('PATCH', `tickets/${id}`, { price });
}

/** Twenty changes in a row: with several instances of `orders`, some events overtake others. */
async function burst(id) {
  const { price } = await ask('GET', `tickets/${id}`);
  for (let step = 1; step <= 20; step += 1) await reprice(id, Math.round((price + step) * 100) / 100);
}

/** Keeps the row of each item, so that what somebody types is not thrown away by an event. */
function drawRows(tableId, templateId, items, fill) {
  const table = document.getElementById(tableId);
  const body = table.tBodies[0];
  const rows = new Map([...body.rows].map((row) => [row.dataset.id, row]));
  items.forEach((item, index) => {
    const row = rows.get(item.id) ?? newRow(templateId, item.id);
    rows.delete(item.id);
    if (body.rows[index] !== row) body.insertBefore(row, body.rows[index] ?? null);
    fill(row, item);
  });
  for (const row of rows.values()) row.remove();
  table.hidden = items.length === 0;
}

function newRow(templateId, id) {
  const row = document.getElementById(templateId).content.firstElementChild.cloneNode(true);
  row.dataset.id = id;
  return row;
}

function text(row, name, value) {
  row.querySelector(`[data-${name}]`).textContent = value;
}

function mark(row, name, state, label = state) {
  const place = row.querySelector(`[data-${name}]`);
  place.textContent = label;
  place.className = `${place.className.split(' ')[0]} ${state}`;
}
