// Editors x categories. What stands within noise of its neighbour is drawn as such.
const board = {metric: -1, sort: 'mean', down: true};

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
    if (a === null || b === null) return (a === null) - (b === null) || one - other;
    const order = typeof a === 'string' ? a.localeCompare(b) : a - b;
    return (down ? -order : order) || one - other;
  });
}

function heading(label, column, sorting, act, given = {}) {
  const chosen = sorting.sort === column;
  return h('th', {scope: 'col', 'aria-sort': chosen ? (sorting.down ? 'descending' : 'ascending') : 'none', ...given},
    h('button.sorter', {type: 'button', on: {
      click: () => act(column, chosen ? !sorting.down : column !== 'name'),
    }}, label, h('i', {'aria-hidden': 'true'}, chosen ? (sorting.down ? '↓' : '↑') : '')));
}

function leaderboardPage() {
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
    judgeCard());
}

function boards(show) {
  const sortBy = (column, down) => {
    Object.assign(board, {sort: column, down});
    show();
  };
  const scale = scaleOf(board.metric);
  const order = ordered(board.metric, board.sort, board.down);
  const ranked = board.sort === 'mean' && board.down && board.metric < 0;
  const parts = [
    h('section#leaderboard', {},
      h('div.title', {}, h('h2', {}, t('leaderboard')),
        METRICS.length > 1 && select(t('score'), [[-1, t('overall')], ...METRICS.map((one, at) => [at, metricName(one.name)])],
          board.metric, (value) => {
            board.metric = Number(value);
            show();
          }),
        button(t('copy_markdown'), (event) => copyText(markdownTable(order), event.target))),
      h('div.card.scroll', {}, mainTable(order, scale, ranked, sortBy)),
      h('p.note', {}, t('interval_note'), ' ', EDITORS.length > 1 && t('ties_note')),
      EDITORS.some((one) => one.overall[1]) && h('p.note', {}, h('span.bad', {}, '✕ '), t('failure_note')),
      OVERVIEW.too_few[0] && h('p.note', {}, foreign(inWords(OVERVIEW.too_few))),
      ranked && h('ul.near', {}, nearby())),
  ];
  if (CATEGORIES.length > 1) parts.push(h('section#categories', {}, h('h2', {}, t('by_category')),
    h('div.card.scroll', {}, categoryTable(order, scale, sortBy))));
  if (METRICS.length > 1) parts.push(h('section#metrics', {}, h('h2', {}, t('by_metric')), h('div.card.scroll', {}, metricTable(order))));
  parts.push(...aggregateSections(), ...groupSections(order));
  return parts;
}

function mainTable(order, scale, ranked, sortBy) {
  const groups = OVERVIEW.comparisons.cliques;
  return h('table.board', {},
    h('thead', {}, h('tr', {},
      h('th', {scope: 'col'}, h('span.unseen', {}, t('rank'))),
      ranked && groups.map(() => h('th.tie-cell', {'aria-hidden': 'true'})),
      heading(t('editor'), 'name', board, sortBy),
      h('th.wide', {scope: 'col', 'aria-label': t('interval')}, axis(scale)),
      heading(t('mean'), 'mean', board, sortBy, {class: 'num'}),
      h('th.num', {scope: 'col'}, t('interval')),
      heading('n', 'n', board, sortBy, {class: 'num'}),
      heading(t('failed'), 'failed', board, sortBy, {class: 'num'}))),
    h('tbody', {}, order.map((editor, row) => {
      const estimate = estimatesOf(editor, board.metric).overall;
      const [n, failed, mean, low, high, worst] = estimate;
      return h(`tr.${hue(editor)}`, {},
        h('td.rank', {}, ranked ? rankOf(editor) : String(row + 1)),
        ranked && groups.map(([first, last]) => h('td.tie-cell', {'aria-hidden': 'true'},
          row >= first && row <= last && h(`i.tie${row === first ? '.first' : ''}${row === last ? '.last' : ''}`, {title: t('within_noise')}))),
        h('th.editor', {scope: 'row'}, editorName(editor)),
        h('td.wide', {}, intervalBar(estimate, scale, editor)),
        h('td.num.mean', {}, number(mean)),
        h('td.num.soft', {}, range(low, high)),
        h('td.num', {'data-unit': 'n '}, String(n)),
        h(`td.num${failed ? '.bad' : ''}`, {'data-unit': `${t('failed')} `, title: failed ? `${t('worst_note')}: ${number(worst)}` : null},
          failed ? h('a', {href: `#/gallery?editor=${editor}&failure=any`}, String(failed)) : '0',
          failed ? h('small', {}, ` ${t('worst_short')} ${number(worst)}`) : null));
    })));
}

function rankOf(editor) {
  const [first, last] = OVERVIEW.comparisons.rank_ranges[EDITORS[editor].name] ?? [editor + 1, editor + 1];
  return first === last ? String(first) : `${first}–${last}`;
}

// One sentence about each pair of neighbours in the ranking.
function nearby() {
  return EDITORS.slice(1).map((_, at) => {
    const found = comparisonOf(at, at + 1);
    if (!found || found.difference === null) return null;
    const shown = found.p_corrected !== null && found.p_corrected < 0.05;
    return h('li', {}, h(`span.verdict.${shown ? 'clear' : 'unclear'}`, {'aria-hidden': 'true'}, shown ? '>' : '≈'), ' ',
      editorName(at), ' ', shown ? t('is_better') : t('is_near'), ' ', editorName(at + 1), ' ',
      h('a.soft', {href: `#/compare?a=${at}&b=${at + 1}`}, `${signed(found.difference)} (${found.ci95 ? `${signed(found.ci95[0])} … ${signed(found.ci95[1])}` : '–'}), ${t('p_corrected')} ${probability(found.p_corrected)}`));
  });
}

function categoryTable(order, scale, sortBy) {
  return h('table.matrix', {},
    h('thead', {}, h('tr', {}, heading(t('editor'), 'name', board, sortBy), CATEGORIES.map((one, at) =>
      heading(h('span', {}, foreign(inWords(one.label)), h('small', {}, ` ${one.samples}`)), at, board, sortBy, {class: 'cell-head'})))),
    h('tbody', {}, order.map((editor) => h('tr', {}, h('th.editor', {scope: 'row'}, editorName(editor)),
      estimatesOf(editor, board.metric).categories.map((one, at) => cell(one, scale, editor, `#/gallery?editor=${editor}&category=${at}`))))));
}

function metricTable(order) {
  return h('table.matrix', {},
    h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, t('editor')), METRICS.map((one) =>
      h('th.cell-head', {scope: 'col'}, foreign(metricName(one.name)), h('small', {}, ` ${one.low}–${one.high}`))))),
    h('tbody', {}, order.map((editor) => h('tr', {}, h('th.editor', {scope: 'row'}, editorName(editor)),
      EDITORS[editor].metrics.map((one, at) => cell(one.overall, METRICS[at], editor, `#/gallery?editor=${editor}&metric=${at}`))))));
}

function cell(estimate, scale, editor, href) {
  const [n, failed, mean, low, high] = estimate;
  return h(`td.cell.${hue(editor)}`, {title: `n ${n}, ${t('failed')} ${failed}, ${range(low, high)}`},
    h('a', {href}, h('span.num.mean', {}, number(mean)), failed ? h('sup.bad', {}, ` ✕${failed}`) : null,
      h('small.soft', {}, range(low, high))),
    intervalBar(estimate, scale, editor, {height: 14, ticks: false}));
}

// Numbers of the rubric's own over the whole study, the published way and as it is meant side by side.
function aggregateSections() {
  const rows = OVERVIEW.aggregates;
  if (!rows.length) return [];
  const names = [...new Set(rows.map((one) => one.name))];
  const variants = [...new Set(rows.map((one) => one.variant))];
  const find = (name, variant) => rows.find((one) => one.name === name && one.variant === variant);
  return [h('section#aggregates', {}, h('h2', {}, t('aggregates')), h('p.note', {}, t('aggregates_note')),
    h('div.card.scroll', {}, h('table', {},
      h('thead', {},
        h('tr', {}, h('th', {rowspan: 2}), EDITORS.map((_, editor) => h('th.group', {colspan: variants.length, scope: 'colgroup'}, editorName(editor)))),
        h('tr', {}, EDITORS.flatMap(() => variants.map((one) => h('th.num', {scope: 'col'}, WORDS[`variant_${one}`] ? t(`variant_${one}`) : one))))),
      h('tbody', {}, names.map((name) => h('tr', {}, h('th', {scope: 'row'}, foreign(name), notesOf(rows, name)),
        EDITORS.flatMap((_, editor) => variants.map((variant) => {
          const estimate = find(name, variant)?.values[editor];
          return h('td.num', {}, estimate ? [h('span.mean', {}, number(estimate[2])), estimate[1] ? h('sup.bad', {}, ` ✕${estimate[1]}`) : null,
            estimate[3] !== null ? [h('br'), h('small.soft', {}, range(estimate[3], estimate[4]))] : null] : '–');
        })))))))),
  ];
}

function notesOf(rows, name) {
  const notes = rows.filter((one) => one.name === name && one.note).map((one) => `${WORDS[`variant_${one.variant}`] ? t(`variant_${one.variant}`) : one.variant}: ${one.note}`);
  return notes.map((note) => [h('br'), h('small.soft.light', {}, note)]);
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
      const {overall, categories} = estimatesOf(editor, board.metric);
      return row([board.metric < 0 ? rankOf(editor) : at + 1, plain(EDITORS[editor].name), `**${number(overall[2])}**`, range(overall[3], overall[4]), overall[0], overall[1],
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
