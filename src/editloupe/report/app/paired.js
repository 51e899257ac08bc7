// Two editors on the same samples: what the difference is, and what could have been seen at all.
import {button, foreign, h, s, select} from './dom.js';
import {editorChoices, editorName, hue, shape} from './marks.js';
import {CATEGORIES, EDITORS, OVERVIEW} from './overview.js';
import {num, table} from './table.js';
import {inWords, number, percent, probability, signed, t} from './words.js';

const comparisons = new Map(OVERVIEW.comparisons.pairs.map((one) => [`${one.a}\u0000${one.b}`, one]));

// The comparison of two editors by their numbers, whichever of them comes first in the data.
export function comparisonOf(a, b) {
  const [one, other] = [EDITORS[a].name, EDITORS[b].name];
  const found = comparisons.get(`${one}\u0000${other}`);
  if (found) return found;
  const turned = comparisons.get(`${other}\u0000${one}`);
  return turned ? turnedAround(turned) : null;
}

function turnedAround(one) {
  return {
    ...one, a: one.b, b: one.a, only_a: one.only_b, only_b: one.only_a, win: one.loss, loss: one.win,
    difference: one.difference === null ? null : -one.difference, ci95: one.ci95 && [-one.ci95[1], -one.ci95[0]],
    categories: Object.fromEntries(Object.entries(one.categories ?? {}).map(([id, each]) => [id, turnedAround(each)])),
  };
}

// The ends of a difference's interval.
export const ends = ({ci95}) => (ci95 ? `${signed(ci95[0])} … ${signed(ci95[1])}` : '–');

export function comparePage(query) {
  if (EDITORS.length < 2) return h('div', {}, h('header.hero', {}, h('h1', {}, t('compare'))), h('p.note', {}, t('one_editor')));
  const at = (name, otherwise) => (query.get(name) !== null && EDITORS[Number(query.get(name))] ? Number(query.get(name)) : otherwise);
  const a = at('a', 0);
  const b = at('b', a === 1 ? 0 : 1);
  const go = (first, second) => { location.hash = `#/compare?a=${first}&b=${second}`; };
  const names = editorChoices();
  const found = a === b ? null : comparisonOf(a, b);
  return h('div', {},
    h('header.hero', {}, h('h1', {}, t('compare')), h('p.note', {}, t('compare_note'))),
    h('div.title', {}, select('A', names, a, (value) => go(value, b)), select('B', names, b, (value) => go(a, value)),
      button('⇄', () => go(b, a), {'aria-label': t('swap')}),
      found && h('a', {href: `#/gallery?sort=spread`}, t('see_disagreement'))),
    found ? pairSections(found, a, b) : h('p.note', {}, t('choose_two')),
    a !== b && OVERVIEW.pairs && pairsSay(a, b),
    EDITORS.length > 2 && h('section#pairs', {}, h('h2', {}, t('all_pairs')), h('p.note', {}, t('all_pairs_note')), pairMatrix(a, b)));
}

// What the pairs of edits of the two editors say, where the plan compares them.
function pairsSay(a, b) {
  const one = OVERVIEW.pairs.matrix.find((each) => (each.a === a && each.b === b) || (each.a === b && each.b === a));
  if (!one || one.won === null) return null;
  const won = one.a === a ? one.won : 1 - one.won;
  return h('p.note', {}, editorName(a), ' ', h('a', {href: `#/pairs?a=${a}&b=${b}`}, t('pairs_say', {won: percent(won), p: probability(one.p_corrected), n: one.n})));
}

function pairSections(found, a, b) {
  const rows = [[t('overall'), found], ...CATEGORIES.filter((one) => found.categories?.[one.id]).map((one) => [inWords(one.label), found.categories[one.id]])];
  const widest = Math.max(0.001, ...rows.flatMap(([, one]) => [one.difference ?? 0, ...(one.ci95 ?? [])]).map(Math.abs));
  return [
    h('p.sentence', {}, sentence(found, a, b)),
    h('div.card.tally', {}, tally(found, a, b)),
    h('section', {}, table([
      t('category'), num(t('difference')), {label: h('span.ends', {}, h('span', {}, '← B'), h('span', {}, 'A →')), look: '.wide'}, num(t('interval')),
      num('p', {title: t('p_note')}), num(t('p_corrected'), {title: t('corrected_note')}), num(t('detectable'), {title: t('detectable_note')}), num(t('win_tie_loss')), num('n'),
    ], rows.map(([label, one], row) => ({look: row ? '' : '.total', cells: [
      foreign(label), h('td.num.mean', {}, signed(one.difference)), differenceBar(one, widest, one.difference !== null && one.difference < 0 ? b : a),
      h('td.num.soft', {}, ends(one)), probability(one.p), h(`td.num${one.significant_corrected ? '.mean' : ''}`, {}, probability(one.p_corrected)),
      number(one.detectable), `${one.win} / ${one.tie} / ${one.loss}`, String(one.n),
    ]})), {look: '.pairs'}),
    h('p.note', {}, t('pairs_note'))),
  ];
}

function sentence(found, a, b) {
  if (found.difference === null) return t('nothing_to_compare');
  const few = fewSamples(found);
  if (few) return few;
  const [better, worse] = found.difference >= 0 ? [a, b] : [b, a];
  if (found.significant) {
    return [editorName(better), ' ', t('is_better'), ' ', editorName(worse), ': ', h('b', {}, number(Math.abs(found.difference))), ' ', t('points'), ` (A − B: ${ends(found)}, p ${probability(found.p)}).`];
  }
  return [t('no_difference', {difference: signed(found.difference), ends: ends(found), p: probability(found.p)}), ' ', excludesZero(found) && [t('trust_p'), ' '],
    found.clusters < 6 && t('few_sources', {clusters: found.clusters}), found.detectable !== null && t('could_have_seen', {n: found.n, detectable: number(found.detectable)})];
}

// What one sample, one source image, or equal scores everywhere have to say.
function fewSamples({n, clusters, tie}) {
  if (n === 1) return t('one_sample');
  if (tie === n) return t('all_ties', {n});
  return clusters === 1 && t('one_source', {n});
}

// Where few source images differ, the interval can leave 0 out while the test cannot.
const excludesZero = ({ci95}) => ci95 && (ci95[0] > 0 || ci95[1] < 0);

// Wins, ties and losses as one bar, and how many samples cannot be compared.
function tally(found, a, b) {
  const total = Math.max(1, found.win + found.tie + found.loss);
  let x = 0;
  const part = (count, look) => {
    const rect = s(`rect.${look}`, {x: `${(100 * x) / total}%`, width: `${(100 * count) / total}%`, height: 22});
    x += count;
    return rect;
  };
  const missing = found.only_a + found.only_b + found.neither;
  return [
    s('svg', {width: '100%', height: 22, role: 'img', 'aria-label': `${found.win} / ${found.tie} / ${found.loss}`},
      part(found.win, `filled.${hue(a)}`), part(found.tie, 'tied'), part(found.loss, `filled.${hue(b)}`)),
    h('p.legend', {}, h('span', {}, editorName(a), ' ', h('b', {}, String(found.win)), ' ', t('wins')), h('span', {}, h('b', {}, String(found.tie)), ' ', t('ties')),
      h('span', {}, editorName(b), ' ', h('b', {}, String(found.loss)), ' ', t('wins'))),
    missing ? h('p.note', {}, t('not_compared', {missing, only_a: found.only_a, only_b: found.only_b, neither: found.neither})) : null,
  ];
}

function differenceBar(one, widest, editor) {
  const x = (value) => `${(50 + (48 * value) / widest).toFixed(2)}%`;
  const middle = 12;
  return s(`svg.bar.${hue(editor)}`, {width: '100%', height: 24, 'aria-hidden': 'true'},
    s('line.zero', {x1: '50%', x2: '50%', y1: 0, y2: 24}),
    one.ci95 && [[one.ci95[0], one.ci95[1], 0, 0], [one.ci95[0], one.ci95[0], -4, 4], [one.ci95[1], one.ci95[1], -4, 4]].map(([from, to, y1, y2]) =>
      s('line.reach', {x1: x(from), x2: x(to), y1: middle + y1, y2: middle + y2})),
    one.difference !== null && s('svg', {x: x(one.difference), y: middle, overflow: 'visible'}, shape(editor, 'point')));
}

// Every pair; the heads of rows and columns stay in view, and beyond a handful of editors a cell holds the difference alone.
function pairMatrix(a, b) {
  const few = EDITORS.length <= 6;
  return table(['A − B', ...EDITORS.map((_, other) => ({label: editorName(other), look: '.cell-head'}))],
    EDITORS.map((_, row) => [editorName(row), ...EDITORS.map((__, column) => {
      if (row === column) return h('td.cell.empty', {}, '');
      const comparison = comparisonOf(row, column);
      const clear = comparison?.significant_corrected;
      const look = !clear ? '.unclear' : comparison.difference > 0 ? '.better' : '.worse';
      const p = `p ${probability(comparison?.p_corrected)}`;
      return h(`td.cell${look}`, {'aria-current': row === a && column === b ? 'true' : null, title: comparison ? `${EDITORS[row].name} − ${EDITORS[column].name}: ${signed(comparison.difference)}, ${p}` : null},
        h('a', {href: `#/compare?a=${row}&b=${column}`},
          h('span.num.mean', {}, comparison ? signed(comparison.difference) : '–'), h('small.soft', {}, comparison && !clear ? '≈' : comparison && few ? p : '')));
    })]), {look: `.matrix${few ? '' : '.dense'}`});
}
