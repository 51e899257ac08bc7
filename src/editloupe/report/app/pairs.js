// The ranking by pairs of edits, the matrix of wins, how the judge leans, and the pairs themselves: A, source, B.
import {button, foreign, h, put, select} from './dom.js';
import {picture} from './loupe.js';
import {editorName, hue, labelColumns} from './marks.js';
import {OVERVIEW} from './overview.js';
import {load} from './store.js';
import {num, table} from './table.js';
import {inWords, metricName, percent, probability, signed, t} from './words.js';

const PAIRS = OVERVIEW.pairs;
const STEP = 24; // pairs that are shown at once
const KINDS = ['all', 'orders_differ', 'against_scores', 'pair_failed'];

// A hash keeps what is shown: #/pairs?a=0&b=1&show=orders_differ
export async function pairsPage(query) {
  const number = (name) => (query.get(name) === null || query.get(name) === '' ? -1 : Number(query.get(name)));
  const chosen = {a: number('a'), b: number('b'), show: KINDS.includes(query.get('show')) ? query.get('show') : 'all'};
  const index = await load('pairs-index');
  const page = h('div.pairs-page', {},
    h('header.hero', {}, h('h1', {}, t('pairs_page')), h('p.facts', {},
      h('span', {}, h('b', {}, String(PAIRS.planned)), ' ', t('pairs_page')), h('span', {}, foreign(PAIRS.metrics.map(metricName).join(', '))),
      h('span', {}, t('judge_name'), ' ', h('b', {}, foreign(OVERVIEW.judge.name))))),
    h('section#ranking', {}, h('h2', {}, t('ranking_by_pairs')), rankingTable(), PAIRS.remarks.map((one) => h('p.note', {}, foreign(inWords(one))))),
    h('section#wins', {}, h('h2', {}, t('matrix_reads')), winMatrix(chosen)),
    PAIRS.metrics.length > 1 && h('section#by-metric', {}, h('h2', {}, t('by_metric')), ratingsByMetric()),
    h('section#shown', {}, h('h2', {}, t('pairs_shown')), await cards(index, chosen)));
  return page;
}

const ranks = ([best, worst]) => (best === worst ? String(best) : `${best}–${worst}`);
const reach = (interval) => (interval ? `${signed(interval[0])} … ${signed(interval[1])}` : '–');

function rankingTable() {
  const columns = [t('rank'), t('editor'), num(t('rating')), num(t('interval')), num(t('pair_share')), num('n'), num(t('failed'))];
  return table(columns, PAIRS.editors.map((one) => [
    ranks(one.ranks), editorName(one.editor), h('td.num.mean', {}, signed(one.rating)), h('td.num.soft', {}, reach(one.ci95)), percent(one.share),
    String(one.n), h(`td.num${one.failed ? '.bad' : ''}`, {}, String(one.failed)),
  ]));
}

// Rows against columns, ties as half; who is clearly better is coloured.
function winMatrix(chosen) {
  const byTwo = new Map(PAIRS.matrix.flatMap((one) => [[`${one.a} ${one.b}`, one], [`${one.b} ${one.a}`, turnedPair(one)]]));
  const few = PAIRS.editors.length <= 6;
  return table(['', ...PAIRS.editors.map((one) => ({label: editorName(one.editor), look: '.cell-head'}))],
    PAIRS.editors.map((row) => [editorName(row.editor), ...PAIRS.editors.map((column) => {
      const one = byTwo.get(`${row.editor} ${column.editor}`);
      if (!one || one.won === null) return h('td.cell.empty', {}, '');
      const look = one.better === 0 ? '.unclear' : one.better > 0 ? '.better' : '.worse';
      const p = `p ${probability(one.p_corrected)}`;
      return h(`td.cell${look}`, {'aria-current': row.editor === chosen.a && column.editor === chosen.b ? 'true' : null, title: `${signed(one.net)} (${reach(one.ci95)}), ${p}, n ${one.n}`},
        h('a', {href: `#/pairs?a=${row.editor}&b=${column.editor}`}, h('span.num.mean', {}, percent(one.won)), h('small.soft', {}, one.better === 0 ? '≈' : few ? p : '')));
    })]), {look: `.matrix${few ? '' : '.dense'}`});
}

const turnedPair = (one) => ({
  ...one, a: one.b, b: one.a, better: -one.better, net: one.net === null ? null : -one.net, won: one.won === null ? null : 1 - one.won,
  ci95: one.ci95 && [-one.ci95[1], -one.ci95[0]],
});

function ratingsByMetric() {
  return table([t('editor'), ...PAIRS.by_metric.map((one) => num(foreign(metricName(one.metric))))],
    PAIRS.editors.map((one) => [editorName(one.editor), ...PAIRS.by_metric.map((metric) => h('td.num', {}, signed(metric.ratings[one.editor]),
      h('br'), h('small.soft', {}, reach(metric.ci95[one.editor]))))]));
}

// A row of the index: [editor, editor, net or null, orders differ, against the scores].
function wanted([a, b, net, differ, against], chosen) {
  const both = [chosen.a, chosen.b].filter((one) => one >= 0);
  if (!both.every((one) => one === a || one === b)) return false;
  if (chosen.show === 'orders_differ') return differ === 1;
  if (chosen.show === 'against_scores') return against === 1;
  return chosen.show === 'pair_failed' ? net === null : true;
}

async function cards(index, chosen) {
  const places = index.rows.flatMap((row, at) => (wanted(row, chosen) ? [at] : []));
  const grid = h('div.compared', {});
  const more = button(t('show_more'), () => grow(), {class: 'button'});
  let shown = 0;
  const grow = async () => {
    const next = places.slice(shown, shown + STEP);
    shown += next.length;
    for (const at of next) {
      const chunk = await load(`pairs-${String(Math.floor(at / index.per_chunk)).padStart(4, '0')}`);
      grid.append(comparedCard(chunk[at % index.per_chunk]));
    }
    more.hidden = shown >= places.length;
  };
  await grow();
  const go = (changes) => {
    const now = {...chosen, ...changes};
    location.hash = `#/pairs?${new URLSearchParams({a: now.a < 0 ? '' : now.a, b: now.b < 0 ? '' : now.b, show: now.show})}`;
  };
  const editors = [[-1, t('all')], ...OVERVIEW.editors.map((editor, at) => [at, editor.short, editor.name])];
  const bar = h('div.title', {}, select('A', editors, chosen.a, (value) => go({a: Number(value)})), select('B', editors, chosen.b, (value) => go({b: Number(value)})),
    select(t('show'), KINDS.map((one) => [one, t(one)]), chosen.show, (value) => go({show: value})), h('span.soft', {}, `${places.length} / ${index.rows.length}`));
  const section = h('div', {});
  put(section, bar, index.rows.length < PAIRS.planned && h('p.note', {}, t('pairs_not_shown', {count: PAIRS.planned - index.rows.length})), grid, more);
  return section;
}

function comparedCard(one) {
  const [a, b] = one.editors;
  return h('article.card.compared-pair', {},
    h('p.instruction', {dir: 'auto'}, one.instruction),
    h('div.trio', {}, figureOf(one.images[0], editorName(a), one.sample), figureOf(one.source, t('source'), one.sample), figureOf(one.images[1], editorName(b), one.sample)),
    one.failure && h('p.failure', {}, h('b', {}, foreign(one.failure[1])), h('span.soft', {}, ' ', t(`stage_${one.failure[0]}`)), h('br'), foreign(one.failure[2])),
    one.metrics.map((metric) => [
      h('p.outcome', {}, one.metrics.length > 1 && [foreign(metricName(metric.name)), ' '], outcomeLine(metric.outcome, a, b)),
      metric.answers.map((answer) => h(`div.answer.${hue(answer.first === 0 ? a : b)}`, {},
        h('small.soft', {}, t('shown_first'), ' ', editorName(answer.first === 0 ? a : b), answer.said === null ? null : [' → ', answer.said === 2 ? t('tie') : editorName(answer.said === 0 ? a : b)]),
        answer.labels ? labelColumns(answer.labels) : answer.words && h('blockquote', {dir: 'auto', tabindex: 0}, answer.words))),
    ]),
    h('footer', {}, h('span.id', {dir: 'auto'}, one.sample)));
}

const figureOf = (image, name, sample) => h('figure', {}, picture(image, sample, false), h('figcaption', {}, name));

function outcomeLine(outcome, a, b) {
  if (outcome === null) return h('span.bad', {}, t('pair_failed'));
  const [first, second, tie] = outcome;
  return [editorName(a), ` ${percent(first)} · `, t('tie'), ` ${percent(tie)} · `, editorName(b), ` ${percent(second)}`];
}
