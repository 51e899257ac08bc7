// Which edits the gallery shows, and in which order: all of it stands in the address, so that a view can be shared.
import {button, h, select} from './dom.js';
import {editorChoices, histogram, scramble} from './marks.js';
import {CATEGORIES, DRAWN, EDITORS, METRICS} from './overview.js';
import {state} from './state.js';
import {ready, scaleOf, scoreOf, share} from './store.js';
import {inWords, metricName, t} from './words.js';

const SORTS = ['order', 'high', 'low', 'spread', 'split'];
export const NOTHING = {editor: '', category: '', metric: -1, min: '', max: '', failure: '', q: '', sort: 'order', rated: ''};

function filterOf(query) {
  const filter = {...NOTHING, groups: {}};
  for (const [name, value] of query) {
    if (name.startsWith('g.')) filter.groups[name.slice(2)] = value;
    else if (name in NOTHING) filter[name] = value;
  }
  filter.metric = METRICS[Number(filter.metric)] ? Number(filter.metric) : -1;
  if (!SORTS.includes(filter.sort)) filter.sort = 'order';
  return filter;
}

export const filterNow = () => filterOf(new URLSearchParams(location.hash.split('?')[1] ?? ''));

export function addressOf(filter) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) {
    if (name === 'groups') for (const [group, one] of Object.entries(value)) one !== '' && query.set(`g.${group}`, one);
    else if (String(value) !== String(NOTHING[name])) query.set(name, value);
  }
  const text = query.toString();
  return `#/gallery${text ? `?${text}` : ''}`;
}

// Whether an edit passes everything but the range of scores.
export function passes(edit, filter, words) {
  if (filter.editor !== '' && edit.editor !== Number(filter.editor)) return false;
  if (filter.category !== '' && edit.sample.category !== Number(filter.category)) return false;
  for (const [group, value] of Object.entries(filter.groups)) {
    if (value !== '' && edit.sample.groups[Number(group)] !== Number(value)) return false;
  }
  if (filter.failure === 'any' && edit.kind < 0) return false;
  if (filter.failure === 'none' && edit.kind >= 0) return false;
  if (filter.failure !== '' && filter.failure !== 'any' && filter.failure !== 'none' && state.index.kinds[edit.kind] !== filter.failure) return false;
  if (filter.rated === 'yes' && !state.ratings.has(edit.key)) return false;
  if (filter.rated === 'no' && state.ratings.has(edit.key)) return false;
  if (filter.rated === 'drawn' && (state.ratings.has(edit.key) || !isDrawn(edit))) return false;
  if (words.length && !words.every((word) => textOf(edit).includes(word))) return false;
  return true;
}

// Whether an edit belongs to the part that was drawn for people to rate.
const isDrawn = (edit) => DRAWN !== null && DRAWN.editors.includes(edit.editor) && DRAWN.samples.includes(edit.sample.id);

export function inRange(edit, filter) {
  if (filter.min === '' && filter.max === '') return true;
  const score = scoreOf(edit, filter.metric);
  if (score === null) return false;
  return (filter.min === '' || score >= Number(filter.min)) && (filter.max === '' || score <= Number(filter.max));
}

// What a search looks through: id, instruction, editor, and the judge's words as far as they are loaded.
function textOf(edit) {
  const full = ready(edit.sample);
  if (edit.text && (edit.complete || !full)) return edit.text;
  const said = full ? full.edits[edit.at].metrics.map((one) => one.words) : [];
  edit.complete = Boolean(full);
  edit.text = [edit.sample.id, full?.instruction ?? edit.sample.text, EDITORS[edit.editor]?.name ?? '', state.index.kinds[edit.kind] ?? '', ...said].join('\n').toLowerCase();
  return edit.text;
}

export function sorted(edits, filter) {
  if (state.blind) return [...edits].sort((a, b) => scramble(a.key) - scramble(b.key)); // any other order would tell
  const by = {
    high: (edit) => negative(scoreOf(edit, filter.metric)),
    low: (edit) => scoreOf(edit, filter.metric),
    spread: (edit) => -edit.sample.spread,
    split: (edit) => -edit.split,
  }[filter.sort];
  if (!by) return edits;
  const last = (value) => (value === null ? Infinity : value);
  return edits.map((edit) => [last(by(edit)), edit]).sort(([a], [b]) => (a === b ? 0 : a - b)).map(([, edit]) => edit); // stable
}

const negative = (value) => (value === null ? null : -value);

export function searchBox(change) {
  const box = h('input.search', {type: 'search', value: filterNow().q, placeholder: `${t('search')}  /`, 'aria-label': t('search'), on: {
    input: () => {
      clearTimeout(box.later);
      box.later = setTimeout(() => change({...filterNow(), q: box.value}), 160);
    },
  }});
  return box;
}

export function filterBar(filter, counted, change) {
  const every = ['', t('all')];
  const set = (name) => (value) => change({...filterNow(), [name]: value});
  const kinds = [every, ['none', t('without_failure')], ['any', t('any_failure')], ...state.index.kinds.map((kind) => [kind, kind])];
  const sorts = SORTS.filter((one) => (one !== 'split' || METRICS.length > 1) && (one !== 'spread' || EDITORS.length > 1));
  return [
    EDITORS.length > 1 && select(t('editor'), [every, ...editorChoices()], filter.editor, set('editor')),
    CATEGORIES.length > 1 && select(t('category'), [every, ...CATEGORIES.map((one, at) => [at, inWords(one.label)])], filter.category, set('category')),
    state.index.groups.map(([name, values], at) => select(name, [every, ...values.map((value, place) => [place, value])], filter.groups[at] ?? '',
      (value) => change({...filterNow(), groups: {...filterNow().groups, [at]: value}}))),
    METRICS.length > 1 && select(t('metric'), [[-1, t('overall')], ...METRICS.map((one, at) => [at, metricName(one.name)])], filter.metric, set('metric')),
    state.index.kinds.length > 0 && select(t('failure'), kinds, filter.failure, set('failure')),
    (state.ratings.size > 0 || DRAWN !== null) && select(t('rated'), [every, ['yes', t('rated_yes')], ['no', t('rated_no')], ...(DRAWN === null ? [] : [['drawn', t('rated_drawn')]])], filter.rated, set('rated')),
    select(t('sort'), sorts.map((one) => [one, t(`sort_${one}`)]), filter.sort, set('sort')),
    rangeFilter(filter, counted, change),
  ];
}

// The distribution of what passes, and the range to keep of it.
function rangeFilter(filter, counted, change) {
  const scale = scaleOf(filter.metric);
  const bins = 20;
  const edges = Array.from({length: bins + 1}, (_, at) => scale.low + ((scale.high - scale.low) * at) / bins);
  const counts = Array(bins).fill(0);
  for (const edit of counted) {
    const score = scoreOf(edit, filter.metric);
    if (score !== null) counts[Math.min(bins - 1, Math.floor(share(score, scale) * bins))] += 1;
  }
  const tidy = (value) => Math.round(value * 100) / 100;
  const box = (name, otherwise) => h('input.bound', {type: 'number', step: 'any', min: scale.low, max: scale.high, value: filter[name], placeholder: String(otherwise), 'aria-label': `${t('score')} ${name}`, on: {
    change: (event) => change({...filter, [name]: event.target.value}),
  }});
  return h('div.range', {},
    h('span', {}, t('score')), box('min', scale.low),
    h('span.range-chart', {}, histogram(counts, edges, {height: 34, labels: false, act: (from, to) => change({...filter, min: tidy(from), max: tidy(to)})})),
    box('max', scale.high),
    (filter.min !== '' || filter.max !== '') && button('×', () => change({...filter, min: '', max: ''}), {'aria-label': t('clear')}));
}
