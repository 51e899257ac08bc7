// Editors x categories. What stands within noise of its neighbour is drawn as such.
import {button, foreign, h, put, select} from './dom.js';
import {judgeCard} from './judge.js';
import {axis, editorName, hue, intervalBar} from './marks.js';
import {CATEGORIES, EDITORS, METRICS, OVERVIEW} from './overview.js';
import {comparisonOf, ends} from './paired.js';
import {state} from './state.js';
import {scaleOf} from './store.js';
import {heading, num, table} from './table.js';
import {inWords, metricName, number, probability, range, signed, t, WORDS} from './words.js';

const estimatesOf = (editor, metric) =>
  metric < 0 ? {overall: EDITORS[editor].overall, categories: EDITORS[editor].categories} : EDITORS[editor].metrics[metric];

// The order of the editors under the chosen column; those without data last.
function ordered(metric, column, down) {
  const value = (editor) => {
    const {overall, categories} = estimatesOf(editor, metric);
    if (column === 'name') return EDITORS[editor].name;
    if (column === 'n') return overall[0];
    if (column === 'failed') return overall[1];
    return (column === 'mean' ? overall : categories[column])[2];
  };
  return EDITORS.map((_, at) => at).sort((one, other) => {
    const [a, b] = [value(one), value(other)];
    if (a === null || b === null) return Number(a === null) - Number(b === null) || one - other;
    const order = typeof a === 'string' ? a.localeCompare(String(b)) : a - Number(b);
    return (down ? -order : order) || one - other;
  });
}

export function leaderboardPage() {
  const page = h('div', {});
  const show = () => put(page, hero(), boards(show));
  show();
  return page;
}

function hero() {
  const {benchmark, judge} = OVERVIEW;
  return h('header.hero', {},
    foreign(OVERVIEW.title, 'h1'),
    h('p.facts', {},
      OVERVIEW.title !== benchmark.name && h('span', {}, foreign(benchmark.name)),
      h('span', {}, h('b', {}, String(benchmark.samples)), ' ', t('samples')),
      h('span', {}, h('b', {}, String(EDITORS.length)), ' ', t('editors')),
      h('span', {}, t('judge_name'), ' ', h('b', {}, foreign(judge.name))),
      h('span', {}, t('rubric'), ' ', h('b', {}, foreign(OVERVIEW.rubric)))),
    benchmark.limited && h('p.note', {}, inWords(benchmark.limited)),
    judge.greedy[0] && h('p.note', {}, foreign(inWords(judge.greedy))),
    judgeCard());
}

function boards(show) {
  const sortBy = (column, down) => {
    Object.assign(state.board, {sort: column, down});
    show();
  };
  const scale = scaleOf(state.board.metric);
  const order = ordered(state.board.metric, state.board.sort, state.board.down);
  const ranked = state.board.sort === 'mean' && state.board.down && state.board.metric < 0;
  const parts = [
    h('section#leaderboard', {},
      h('div.title', {}, h('h2', {}, t('leaderboard')),
        METRICS.length > 1 && select(t('score'), [[-1, t('overall')], ...METRICS.map((one, at) => [at, metricName(one.name)])],
          state.board.metric, (value) => {
            state.board.metric = Number(value);
            show();
          }),
        button(t('copy_markdown'), (event) => copyText(markdownTable(order), event.target))),
      mainTable(order, scale, ranked, sortBy),
      h('p.note', {}, t('interval_note'), ' ', EDITORS.length > 1 && t('ties_note')),
      EDITORS.some((one) => one.overall[1]) && h('p.note', {}, h('span.bad', {}, '✕ '), t('failure_note')),
      state.board.metric < 0 && EDITORS.some((one) => one.bounds) && h('p.note', {}, t('bounds_note')),
      state.board.metric < 0 && OVERVIEW.robust.length > 0 && h('p.note.robust', {}, foreign(OVERVIEW.robust.map(inWords).join(' '))),
      OVERVIEW.too_few[0] && h('p.note', {}, foreign(inWords(OVERVIEW.too_few))),
      ranked && h('ul.near', {}, nearby())),
  ];
  if (CATEGORIES.length > 1) parts.push(h('section#categories', {}, h('h2', {}, t('by_category')), categoryTable(order, scale, sortBy)));
  if (METRICS.length > 1) parts.push(h('section#metrics', {}, h('h2', {}, t('by_metric')), metricTable(order)));
  parts.push(...aggregateSections(order), ...groupSections(order));
  return parts;
}

function mainTable(order, scale, ranked, sortBy) {
  const cliques = ranked ? OVERVIEW.comparisons.cliques : [];
  return table([
    h('th', {scope: 'col'}, h('span.unseen', {}, t('rank'))),
    ...cliques.map(() => h('th.tie-cell', {'aria-hidden': 'true'})),
    heading(t('editor'), 'name', state.board, sortBy),
    h('th.wide', {scope: 'col', 'aria-label': t('interval')}, axis(scale)),
    heading(t('mean'), 'mean', state.board, sortBy, {class: 'num'}),
    num(t('interval')),
    heading('n', 'n', state.board, sortBy, {class: 'num'}),
    heading(t('failed'), 'failed', state.board, sortBy, {class: 'num'}),
  ], order.map((editor, row) => {
    const estimate = estimatesOf(editor, state.board.metric).overall;
    const [n, failed, mean, low, high, worst] = estimate;
    return {look: `.${hue(editor)}`, cells: [
      h('td.rank', {}, ranked ? rankOf(editor) : String(row + 1)),
      ...cliques.map(([first, last]) => h('td.tie-cell', {'aria-hidden': 'true'},
        row >= first && row <= last && h(`i.tie${row === first ? '.first' : ''}${row === last ? '.last' : ''}`, {title: t('within_noise')}))),
      h('th.editor', {scope: 'row'}, editorName(editor)),
      h('td.wide', {}, intervalBar(estimate, scale, editor, {bounds: state.board.metric < 0 ? EDITORS[editor].bounds : null})),
      h('td.num.mean', {}, number(mean)),
      h('td.num.soft', {}, range(low, high)),
      h('td.num', {'data-unit': 'n '}, String(n)),
      h(`td.num${failed ? '.bad' : ''}`, {'data-unit': `${t('failed')} `, title: failed ? `${t('worst_note')}: ${number(worst)}` : null},
        failed ? h('a', {href: `#/gallery?editor=${editor}&failure=any`}, String(failed)) : '0',
        failed ? h('small', {}, ` ${t('worst_short')} ${number(worst)}`) : null),
    ]};
  }), {look: '.board'});
}

function rankOf(editor) {
  const ranks = OVERVIEW.comparisons.rank_ranges[EDITORS[editor].name];
  if (!ranks) return '–'; // no score, no rank
  const [first, last] = ranks;
  return first === last ? String(first) : `${first}–${last}`;
}

// One sentence about each pair of neighbours in the ranking.
function nearby() {
  return EDITORS.slice(1).map((_, at) => {
    const comparison = comparisonOf(at, at + 1);
    if (!comparison || comparison.difference === null) return null;
    const shown = comparison.significant_corrected;
    return h('li', {}, h(`span.verdict.${shown ? 'clear' : 'unclear'}`, {'aria-hidden': 'true'}, shown ? '>' : '≈'), ' ',
      editorName(at), ' ', shown ? t('is_better') : t('is_near'), ' ', editorName(at + 1), ' ',
      h('a.soft', {href: `#/compare?a=${at}&b=${at + 1}`}, `${signed(comparison.difference)} (${ends(comparison)}), ${t('p_corrected')} ${probability(comparison.p_corrected)}`));
  });
}

function categoryTable(order, scale, sortBy) {
  return table(
    [heading(t('editor'), 'name', state.board, sortBy), ...CATEGORIES.map((category, at) =>
      heading(h('span', {}, foreign(inWords(category.label)), h('small', {}, ` ${category.samples}`)), at, state.board, sortBy, {class: 'cell-head'}))],
    order.map((editor) => [editorName(editor),
      ...estimatesOf(editor, state.board.metric).categories.map((estimate, at) => cell(estimate, scale, editor, `#/gallery?editor=${editor}&category=${at}`))]),
    {look: '.matrix'});
}

function metricTable(order) {
  return table(
    [t('editor'), ...METRICS.map((metric) => ({label: h('span', {}, foreign(metricName(metric.name)), h('small', {}, ` ${metric.low}–${metric.high}`)), look: '.cell-head'}))],
    order.map((editor) => [editorName(editor),
      ...EDITORS[editor].metrics.map((metric, at) => cell(metric.overall, METRICS[at], editor, `#/gallery?editor=${editor}&metric=${at}`))]),
    {look: '.matrix'});
}

export function cell(estimate, scale, editor, href) {
  const [n, failed, mean, low, high] = estimate;
  return h(`td.cell.${hue(editor)}`, {title: `n ${n}, ${t('failed')} ${failed}, ${range(low, high)}`},
    h('a', {href}, h('span.num.mean', {}, number(mean)), failed ? h('sup.bad', {}, ` ✕${failed}`) : null,
      h('small.soft', {}, range(low, high))),
    intervalBar(estimate, scale, editor, {height: 14, ticks: false}));
}

// Numbers of the rubric's own over the whole study, the published way and as it is meant side by side.
function aggregateSections(order) {
  const aggregates = OVERVIEW.aggregates;
  if (!aggregates.length) return [];
  const names = [...new Set(aggregates.map((aggregate) => aggregate.name))];
  const columns = names.flatMap((name) => aggregates.filter((aggregate) => aggregate.name === name));
  const notes = [...new Set(columns.filter((column) => column.note).map((column) => `${column.name}, ${variantName(column)}: ${column.note}`))];
  return [h('section#aggregates', {}, h('h2', {}, t('aggregates')), h('p.note', {}, t('aggregates_note')),
    table([t('editor'), ...columns.map((column) => num(variantName(column)))],
      order.map((editor) => [editorName(editor), ...columns.map((column) => aggregateCell(column.values[editor]))]),
      {groups: names.map((name) => ({label: foreign(name), span: columns.filter((column) => column.name === name).length}))}),
    notes.map((note) => h('p.note', {}, foreign(note))))];
}

const variantName = ({variant}) => (WORDS[`variant_${variant}`] ? t(`variant_${variant}`) : variant);

/** @param {Estimate} estimate */
function aggregateCell([, failed, mean, low, high]) {
  return [h('span.mean', {}, number(mean)), failed ? h('sup.bad', {}, ` ✕${failed}`) : null,
    low !== null && [h('br'), h('small.soft', {}, range(low, high))]];
}

function groupSections(order) {
  const names = [...new Set(EDITORS.flatMap((one) => Object.keys(one.aggregates)))];
  if (!names.length) return [];
  return [h('section#groups', {}, h('h2', {}, t('by_group')), h('div.panels', {}, names.map((name) => h('div.card.panel', {},
    h('h3', {}, foreign(name.replace('=', ': '))),
    order.map((editor) => h('div.mini', {}, editorName(editor), h('span.num.mean', {}, number(EDITORS[editor].aggregates[name][2])),
      intervalBar(EDITORS[editor].aggregates[name], OVERVIEW.scale, editor, {height: 16})))))))];
}

// The leaderboard as a Markdown table to paste.
function markdownTable(order) {
  const plain = (text) => text.replace(/\s+/g, ' ').replace(/([\\`*_[\]|~#!$<>&])/g, '\\$1');
  const row = (cells) => `| ${cells.join(' | ')} |`;
  return [
    row([t('rank'), t('editor'), t('mean'), t('interval'), 'n', t('failed'), ...CATEGORIES.map((one) => plain(inWords(one.label)))]),
    row(['---:', '---', ...Array(4 + CATEGORIES.length).fill('---:')]),
    ...order.map((editor, at) => {
      const {overall, categories} = estimatesOf(editor, state.board.metric);
      return row([state.board.metric < 0 ? rankOf(editor) : at + 1, plain(EDITORS[editor].name), `**${number(overall[2])}**`, range(overall[3], overall[4]), overall[0], overall[1],
        ...categories.map((one) => number(one[2]))]);
    }),
  ].join('\n');
}

async function copyText(text, place) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // a page from disk may be refused the clipboard: then the old way
    const area = h('textarea', {value: text});
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  const before = place.textContent;
  place.textContent = t('copied');
  setTimeout(() => { place.textContent = before; }, 1500);
}
