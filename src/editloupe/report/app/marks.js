// Marks of charts. Places are percent of the width, so that one SVG fits a phone and a wall. Editors differ by shape as
// well as by colour.
import {foreign, h, s} from './dom.js';
import {EDITORS} from './overview.js';
import {state} from './state.js';
import {share} from './store.js';
import {number, percent, range} from './words.js';

const SHAPES = [
  'M0-4.6A4.6 4.6 0 1 1 0 4.6A4.6 4.6 0 1 1 0-4.6Z', 'M-4-4H4V4H-4Z', 'M0-5L4.8 3.8H-4.8Z', 'M0-5.4L5.4 0L0 5.4L-5.4 0Z',
  'M-1.7-5H1.7V-1.7H5V1.7H1.7V5H-1.7V1.7H-5V-1.7H-1.7Z', 'M0 5L-4.8-3.8H4.8Z', 'M0-5.2L4.5-2.6V2.6L0 5.2L-4.5 2.6V-2.6Z',
  'M0-5.6L1.5-1.8L5.4-1.7L2.3 .8L3.4 4.7L0 2.4L-3.4 4.7L-2.3 .8L-5.4-1.7L-1.5-1.8Z',
];
const MARKS = 2 * SHAPES.length; // each filled, and hollow
const COLORS = 16; // as the style sheet has them

// Marks and colours both come round after 16 editors; then the colours are shifted, so that 256 pairs differ.
const markOf = (editor) => (editor < 0 ? 0 : editor % MARKS);
export const hue = (editor) => (editor < 0 ? 'kn' : `k${(editor + 3 * Math.floor(editor / MARKS)) % COLORS}`);

export function shape(editor, look = 'shape') {
  return s(`path.${look}${markOf(editor) < SHAPES.length ? '' : '.hollow'}`, {d: SHAPES[markOf(editor) % SHAPES.length]});
}

function mark(editor) {
  return s('svg.mark', {viewBox: '-6 -6 12 12', width: 12, height: 12, 'aria-hidden': 'true'}, shape(editor));
}

export const editorName = (editor) => h(`span.name.${hue(editor)}`, {title: EDITORS[editor]?.name}, mark(editor), foreign(shortName(editor)));

// An editor that a file names; it may be of another study.
export function editorCalled(name) {
  const editor = EDITORS.findIndex((known) => known.name === name);
  return editor < 0 ? foreign(name) : editorName(editor);
}

// Choices of an editor for `select`.
export const editorChoices = () => EDITORS.map((editor, at) => [at, editor.short, editor.name]);

const shortName = (editor) => EDITORS[editor]?.short ?? '?';

// Whose edit it is, unless that is to be hidden from a person who rates.
export const shownEditor = (edit) => (state.blind ? -1 : edit.editor);

// An order that tells nothing: of a hash of the edit's key (FNV-1a).
export function scramble(key) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193) >>> 0;
  return hash;
}

const ticksOf = (scale) => [0, 1, 2, 3, 4, 5].map((step) => scale.low + ((scale.high - scale.low) * step) / 5);

// An estimate is [n, failed, mean, low, high, worst].
/**
 * @param {Estimate} estimate
 * @param {Scale} scale
 * @param {number} editor
 * @param {{height?: number, ticks?: boolean, bounds?: [number, number] | null}} [given]
 */
export function intervalBar(estimate, scale, editor, {height = 26, ticks = true, bounds = null} = {}) {
  const [, , mean, low, high] = estimate;
  const middle = height / 2;
  const x = (value) => `${(100 * share(value, scale)).toFixed(2)}%`;
  const parts = [];
  if (ticks) for (const tick of ticksOf(scale)) parts.push(s('line.tick', {x1: x(tick), x2: x(tick), y1: 0, y2: height}));
  if (bounds !== null) parts.push(s('line.bounds', {x1: x(bounds[0]), x2: x(bounds[1]), y1: middle + 8, y2: middle + 8}));
  if (mean !== null) {
    parts.push(s('rect.fill', {x: 0, y: middle - 3, width: x(mean), height: 6, rx: 3}));
    if (low !== null && high !== null) {
      const cap = height > 20 ? 5 : 4;
      for (const [x1, x2, y1, y2] of [[low, high, 0, 0], [low, low, -cap, cap], [high, high, -cap, cap]])
        parts.push(s('line.reach', {x1: x(x1), x2: x(x2), y1: middle + y1, y2: middle + y2}));
    }
    // A nested svg moves a shape to a percentage, which a path cannot do by itself.
    parts.push(s('svg', {x: x(mean), y: middle, overflow: 'visible'}, shape(editor, 'point')));
  }
  return s(`svg.bar.${hue(editor)}`, {
    width: '100%', height, role: 'img', 'aria-label': `${number(mean)} (${range(low, high)})`,
  }, parts);
}

export function axis(scale) {
  const ticks = ticksOf(scale);
  return s('svg.axis', {width: '100%', height: 14, 'aria-hidden': 'true'}, ticks.map((tick, at) => s('text', {
    x: `${20 * at}%`, y: 11, 'text-anchor': at === 0 ? 'start' : at === ticks.length - 1 ? 'end' : 'middle',
  }, String(Math.round(tick * 100) / 100))));
}

export function meter(value, scale) {
  return s('svg.meter', {width: '100%', height: 4, 'aria-hidden': 'true'},
    s('rect.track', {width: '100%', height: 4, rx: 2}),
    value !== null && s('rect.fill', {width: `${(100 * share(value, scale)).toFixed(2)}%`, height: 4, rx: 2}));
}

/**
 * Columns of counts; `act(from, to)` makes them buttons for the mouse.
 *
 * @param {number[]} counts
 * @param {number[]} edges
 * @param {{height?: number, hueOf?: number, labels?: boolean, act?: ((from: number, to: number) => void) | null}} [given]
 */
export function histogram(counts, edges, {height = 90, hueOf = -1, labels = true, act = null} = {}) {
  const top = Math.max(1, ...counts);
  const step = 100 / counts.length;
  const base = height - (labels ? 16 : 0);
  const columns = counts.map((count, at) => {
    const tall = count === 0 ? 0 : Math.max(1.5, (count / top) * (base - 4));
    return s('rect.column', {
      x: `${(at * step + step * 0.08).toFixed(2)}%`, width: `${(step * 0.84).toFixed(2)}%`, y: base - tall, height: tall, rx: 1.5,
      on: act ? {click: () => act(edges[at], edges[at + 1])} : {},
    }, s('title', {}, `${range(edges[at], edges[at + 1], 1)}: ${count}`));
  });
  const middle = (at) => (edges[at] + edges[at + 1]) / 2;
  const whole = Number.isInteger(middle(0));
  const written = [];
  if (labels) {
    const every = whole ? Math.ceil(counts.length / 11) : 0;
    const places = whole ? counts.flatMap((_, at) => (at % every ? [] : [[(at + 0.5) * step, middle(at)]]))
      : [0, 0.25, 0.5, 0.75, 1].map((one) => [100 * one, edges[0] + (edges[edges.length - 1] - edges[0]) * one]);
    for (const [x, value] of places) written.push(s('text', {
      x: `${x.toFixed(2)}%`, y: height - 3, 'text-anchor': whole ? 'middle' : x === 0 ? 'start' : x === 100 ? 'end' : 'middle',
    }, String(Math.round(value * 100) / 100)));
  }
  const told = counts.map((count, at) => (count ? `${whole ? middle(at) : range(edges[at], edges[at + 1], 1)}: ${count}` : '')).filter(Boolean).join(', ');
  return s(`svg.histogram.${hueOf < 0 ? 'plainly' : hue(hueOf)}`, {width: '100%', height, role: 'img', 'aria-label': told},
    s('line.base', {x1: 0, x2: '100%', y1: base, y2: base}), columns, written);
}

// The probabilities of an answer by choice.
export function labelColumns(labels) {
  const top = Math.max(...labels.map(([, p]) => p));
  if (!(top > 0)) return null;
  const step = 100 / labels.length;
  return s('svg.labels', {width: '100%', height: 30, role: 'img', 'aria-label': labels.map(([label, p]) => `${label} ${percent(p)}`).join(', ')},
    labels.map(([label, p], at) => [
      s('rect', {x: `${at * step + step * 0.1}%`, width: `${step * 0.8}%`, y: 18 - (18 * p) / top, height: (18 * p) / top},
        s('title', {}, `${label}: ${percent(p, 1)}`)),
      s('text', {x: `${(at + 0.5) * step}%`, y: 29, 'text-anchor': 'middle'}, label),
    ]));
}
