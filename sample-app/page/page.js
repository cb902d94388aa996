/* global document, window, EventSource, localStorage, matchMedia */
import { ask, forgetProblems } from './api.js';
import { addEntry, clearLanes, drawInstances } from './lanes.js';
import { drawOrders, drawTickets } from './tables.js';

const examples = [
  ['Concert in the park', 20],
  ['Opera, balcony', 85],
  ['Football, block C', 42.5],
];

let drawing = false;
let drawAgain = false;

/** Reads both services and draws what they know; at most one reading runs at a time. */
async function draw() {
  drawAgain = true;
  if (drawing) return;
  drawing = true;
  while (drawAgain) {
    drawAgain = false;
    const read = ['tickets', 'ticket-copies', 'orders'].map((path) => ask('GET', path).catch(() => undefined));
    const [tickets, copies, orders] = await Promise.all(read);
    if (tickets && copies) drawTickets(tickets, copies);
    if (orders) drawOrders(orders);
    await new Promise((resolve) => setTimeout(resolve, 80));
  }
  drawing = false;
}

function follow() {
  const stream = new EventSource('/api/flow');
  stream.onopen = () => {
    clearLanes();
    showConnection('live');
    forgetProblems();
    void draw();
  };
  stream.onerror = () => showConnection('lost');
  stream.addEventListener('instances', ({ data }) => {
    drawInstances(JSON.parse(data));
    void draw();
  });
  stream.addEventListener('flow', ({ data }) => {
    addEntry(JSON.parse(data));
    void draw();
  });
}

function showConnection(state) {
  const pill = document.getElementById('connection');
  pill.textContent = state === 'live' ? 'live' : 'connection lost';
  pill.className = `pill ${state}`;
  document.body.dataset.connection = state;
}

async function showSurroundings() {
  const { bus, database } = await ask('GET', 'surroundings');
  const place = document.getElementById('surroundings');
  place.append(`Event bus: ${bus.url.replace('nats://', '')} (${bus.note}`);
  if (bus.monitoringUrl) {
    const link = document.createElement('a');
    link.href = `${bus.monitoringUrl}/streaming/channelsz?subs=1`;
    link.textContent = 'monitoring';
    place.append(', ', link);
  }
  place.append(`). Postgres: ${database.note.split(',')[0]}.`);
}

/** How far each service is behind, by the server's own count. */
async function showLag() {
  const lag = await ask('GET', 'lag').catch(() => ({}));
  const place = document.getElementById('lag');
  const parts = Object.entries(lag).map(([service, count]) => `${service} ${count}`);
  place.textContent = `Events still to be handled: ${parts.join(', ')}.`;
  place.hidden = parts.length === 0;
  setTimeout(showLag, 2000);
}

function chooseTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.getElementById('theme').textContent = theme === 'dark' ? 'Light' : 'Dark';
}

document.getElementById('new-ticket').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target;
  const ticket = { title: form.elements.title.value.trim(), price: Number(form.elements.price.value) };
  void ask('POST', 'tickets', ticket).then(() => form.elements.title.select());
});

document.getElementById('examples').addEventListener('click', async () => {
  for (const [title, price] of examples) await ask('POST', 'tickets', { title, price });
});

document.getElementById('theme').addEventListener('click', () => {
  const theme = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
  localStorage.setItem('theme', theme);
  chooseTheme(theme);
});

chooseTheme(localStorage.getItem('theme') ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'));
void showSurroundings();
void showLag();
follow();
window.addEventListener('unhandledrejection', (event) => event.preventDefault());
