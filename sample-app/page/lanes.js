/* global document */
import { ask } from './api.js';
import { nameOf } from './tables.js';

const outcomes = ['published', 'counted', 'parked', 'stale', 'failed', 'redelivered'];
const counts = Object.fromEntries(outcomes.map((outcome) => [outcome, 0]));
const keptPerLane = 80;

/** Draws one lane per instance, with its state and its switches. */
export function drawInstances(instances) {
  const lanes = document.getElementById('lanes');
  // A row per service, as long as they fit.
  lanes.style.setProperty('--lanes', String(Math.min(3, Math.max(2, instances.length / 2))));
  for (const instance of instances) {
    const lane = laneOf(instance.name) ?? lanes.appendChild(newLane(instance.name));
    lane.className = `lane ${instance.state}`;
    lane.querySelector('[data-dot]').className = `dot ${instance.state}`;
    lane.querySelector('[data-note]').textContent = describe(instance);
    press(lane, 'slow', instance.faults.slowMs > 0);
    press(lane, 'twice', instance.faults.twice);
    press(
      lane,
      'fail',
      instance.faults.failNext > 0,
      instance.faults.failNext > 0 ? `Fail ${instance.faults.failNext}` : 'Fail 3',
    );
    for (const button of lane.querySelectorAll('.faults button')) button.disabled = instance.state !== 'running';
  }
}

/** Adds an event to the lane of its instance; a later outcome of the same delivery joins the earlier one. */
export function addEntry(entry) {
  count(entry);
  const lane = laneOf(entry.instance);
  if (!lane) return;
  const feed = lane.querySelector('[data-feed]');
  const key = entry.sequence === undefined ? '' : `${entry.subject} ${entry.sequence}`;
  const known = key && [...feed.children].find((line) => line.dataset.key === key);
  const line = known || newLine(key, entry);
  addTraceLink(line.querySelector('.what'), entry);
  addBadge(line.querySelector('.trail'), entry);
  feed.prepend(line);
  while (feed.children.length > keptPerLane) feed.lastElementChild.remove();
  lane.querySelector('[data-quiet]').hidden = true;
}

/** Forgets all events: the server is about to send the last ones again. */
export function clearLanes() {
  for (const feed of document.querySelectorAll('[data-feed]')) feed.replaceChildren();
  for (const outcome of outcomes) counts[outcome] = 0;
  drawTotals();
}

function newLane(name) {
  const lane = document.getElementById('lane').content.firstElementChild.cloneNode(true);
  lane.dataset.instance = name;
  lane.querySelector('[data-name]').textContent = name;
  lane.querySelector('.faults').setAttribute('aria-label', `Faults of ${name}`);
  const on = (button, action) =>
    lane.querySelector(`[data-${button}]`).addEventListener('click', (event) => void action(event.target));
  const setFaults = (faults) => ask('PATCH', `instances/${name}/faults`, faults);
  on('kill', () => ask('POST', `instances/${name}/kill`));
  on('slow', (button) => setFaults({ slowMs: isPressed(button) ? 0 : 2000 }));
  on('fail', (button) => setFaults({ failNext: isPressed(button) ? 0 : 3 }));
  on('twice', (button) => setFaults({ twice: !isPressed(button) }));
  return lane;
}

function newLine(key, { at, subject, sequence, id, version, reason }) {
  const line = document.createElement('li');
  line.dataset.key = key;
  const time = document.createElement('time');
  time.textContent = new Date(at).toLocaleTimeString('en-GB');
  const name = document.createElement('code');
  name.textContent = subject;
  const what = document.createElement('span');
  what.className = 'what';
  const versionPart = document.createElement('b');
  versionPart.textContent = `v${version}`;
  const about = document.createElement('span');
  about.dataset.about = id;
  about.textContent = nameOf(id);
  what.append(versionPart, sequence === undefined ? ' ' : ` #${sequence} `, about);
  const trail = document.createElement('span');
  trail.className = 'trail';
  line.append(time, name, what, trail);
  if (reason) line.title = reason;
  return line;
}

/** To everything that happened in the trace of an event. A parked one has none before its handler runs. */
function addTraceLink(what, { traceId }) {
  if (!traceId || what.querySelector('.trace')) return;
  const link = document.createElement('a');
  link.className = 'trace';
  link.href = `/api/traces/${encodeURIComponent(traceId)}`;
  link.target = '_blank';
  link.title = `trace ${traceId}`;
  link.textContent = traceId.slice(0, 6);
  what.append(' ', link);
}

function addBadge(trail, { outcome, redeliveries = 0, reason }) {
  const again = redeliveries > 0 && !trail.querySelector('.redelivered');
  if (again) trail.append(newBadge('redelivered', 'redelivered'));
  const last = trail.lastElementChild;
  if (last?.dataset.outcome === outcome) {
    last.dataset.times = String(Number(last.dataset.times) + 1);
    last.textContent = `${outcome} ×${last.dataset.times}`;
  } else {
    trail.append(newBadge(outcome, outcome));
  }
  if (reason) trail.lastElementChild.title = reason;
}

function newBadge(outcome, label) {
  const badge = document.createElement('b');
  badge.className = `badge ${outcome}`;
  badge.dataset.outcome = outcome;
  badge.dataset.times = '1';
  badge.textContent = label;
  return badge;
}

function count({ outcome, redeliveries = 0 }) {
  counts[outcome] += 1;
  if (redeliveries > 0) counts.redelivered += 1;
  drawTotals();
}

function drawTotals() {
  document.getElementById('totals').replaceChildren(
    ...outcomes.map((outcome) => {
      const pair = document.createElement('div');
      const [term, value] = [document.createElement('dt'), document.createElement('dd')];
      term.textContent = outcome;
      value.textContent = String(counts[outcome]);
      pair.append(term, value);
      return pair;
    }),
  );
}

function laneOf(name) {
  return document.querySelector(`.lane[data-instance="${name}"]`);
}

function press(lane, name, pressed, label) {
  const button = lane.querySelector(`[data-${name}]`);
  button.setAttribute('aria-pressed', String(pressed));
  if (label) button.textContent = label;
}

function isPressed(button) {
  return button.getAttribute('aria-pressed') === 'true';
}

function describe({ state, pid, restarts }) {
  const again = restarts > 0 ? `, started again ${restarts === 1 ? 'once' : `${restarts} times`}` : '';
  return state === 'running' ? `pid ${pid}${again}` : state + again;
}
