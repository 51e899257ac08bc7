// Two editors on the same samples: what the difference is, and what could have been seen at all.
const comparisons = new Map(OVERVIEW.comparisons.pairs.map((one) => [`${one.a}\u0000${one.b}`, one]));

// The comparison of two editors by their numbers, whichever of them comes first in the data.
function comparisonOf(a, b) {
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

function comparePage(query) {
  if (EDITORS.length < 2) return h('div', {}, h('header.hero', {}, h('h1', {}, t('compare'))), h('p.note', {}, t('one_editor')));
  const at = (name, otherwise) => (query.get(name) !== null && EDITORS[Number(query.get(name))] ? Number(query.get(name)) : otherwise);
  const a = at('a', 0);
  const b = at('b', a === 1 ? 0 : 1);
  const go = (first, second) => { location.hash = `#/compare?a=${first}&b=${second}`; };
  const names = EDITORS.map((one, place) => [place, one.name]);
  const found = a === b ? null : comparisonOf(a, b);
  return h('div', {},
    h('header.hero', {}, h('h1', {}, t('compare')), h('p.note', {}, t('compare_note'))),
    h('div.title', {}, select('A', names, a, (value) => go(value, b)), select('B', names, b, (value) => go(a, value)),
      button('⇄', () => go(b, a), {'aria-label': t('swap')}),
      found && h('a', {href: `#/gallery?sort=spread`}, t('see_disagreement'))),
    found ? pairSections(found, a, b) : h('p.note', {}, t('choose_two')),
    EDITORS.length > 2 && h('section#pairs', {}, h('h2', {}, t('all_pairs')), h('p.note', {}, t('all_pairs_note')), h('div.card.scroll', {}, pairMatrix(a, b))));
}

function pairSections(found, a, b) {
  const rows = [[t('overall'), found], ...CATEGORIES.filter((one) => found.categories?.[one.id]).map((one) => [inWords(one.label), found.categories[one.id]])];
  const widest = Math.max(0.001, ...rows.flatMap(([, one]) => [one.difference ?? 0, ...(one.ci95 ?? [])]).map(Math.abs));
  return [
    h('p.sentence', {}, sentence(found, a, b)),
    h('div.card.tally', {}, tally(found, a, b)),
    h('section', {}, h('div.card.scroll', {}, h('table.pairs', {},
      h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, t('category')), h('th.num', {scope: 'col'}, t('difference')), h('th.wide', {scope: 'col'}, h('span.ends', {}, h('span', {}, '← B'), h('span', {}, 'A →'))),
        h('th.num', {scope: 'col'}, t('interval')), h('th.num', {scope: 'col', title: t('p_note')}, 'p'), h('th.num', {scope: 'col', title: t('corrected_note')}, t('p_corrected')),
        h('th.num', {scope: 'col', title: t('detectable_note')}, t('detectable')), h('th.num', {scope: 'col'}, t('win_tie_loss')), h('th.num', {scope: 'col'}, 'n'))),
      h('tbody', {}, rows.map(([label, one], row) => h(`tr${row ? '' : '.total'}`, {}, h('th', {scope: 'row'}, foreign(label)),
        h('td.num.mean', {}, signed(one.difference)), h('td.wide', {}, differenceBar(one, widest, one.difference !== null && one.difference < 0 ? b : a)),
        h('td.num.soft', {}, one.ci95 ? `${signed(one.ci95[0])} … ${signed(one.ci95[1])}` : '–'),
        h('td.num', {}, probability(one.p)), h(`td.num${one.p_corrected !== null && one.p_corrected < 0.05 ? '.mean' : ''}`, {}, probability(one.p_corrected)),
        h('td.num', {}, number(one.detectable)), h('td.num', {}, `${one.win} / ${one.tie} / ${one.loss}`), h('td.num', {}, String(one.n))))))),
    h('p.note', {}, t('pairs_note'))),
  ];
}

function sentence(found, a, b) {
  if (found.difference === null) return t('nothing_to_compare');
  const few = fewSamples(found);
  if (few) return few;
  const [better, worse] = found.difference >= 0 ? [a, b] : [b, a];
  const ends = found.ci95 ? `${signed(found.ci95[0])} … ${signed(found.ci95[1])}` : '–';
  if (found.p !== null && found.p < 0.05) {
    return [editorName(better), ' ', t('is_better'), ' ', editorName(worse), ': ', h('b', {}, number(Math.abs(found.difference))), ' ', t('points'), ` (A − B: ${ends}, p ${probability(found.p)}).`];
  }
  return [t('no_difference', {difference: signed(found.difference), ends, p: probability(found.p)}), ' ', excludesZero(found) && [t('trust_p'), ' '],
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
    one.difference !== null && s('svg', {x: x(one.difference), y: middle, overflow: 'visible'}, shape(editor, {class: 'point'})));
}

function pairMatrix(a, b) {
  return h('table.matrix.small', {}, h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, 'A − B'), EDITORS.map((_, other) => h('th.cell-head', {scope: 'col'}, editorName(other))))),
    h('tbody', {}, EDITORS.map((_, one) => h('tr', {}, h('th.editor', {scope: 'row'}, editorName(one)), EDITORS.map((__, other) => {
      if (one === other) return h('td.cell.empty', {}, '');
      const found = comparisonOf(one, other);
      const clear = found && found.p_corrected !== null && found.p_corrected < 0.05;
      const look = !clear ? '.unclear' : found.difference > 0 ? '.better' : '.worse';
      return h(`td.cell${look}`, {'aria-current': one === a && other === b ? 'true' : null}, h('a', {href: `#/compare?a=${one}&b=${other}`},
        h('span.num.mean', {}, found ? signed(found.difference) : '–'), h('small.soft', {}, found && !clear ? '≈' : found ? `p ${probability(found.p_corrected)}` : '')));
    })))));
}
