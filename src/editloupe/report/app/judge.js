// How good the judge is: its card, its audit, its agreement with another judge, its scores, and what it could not say.
const COEFFICIENTS = ['spearman', 'kendall', 'pairwise_accuracy', 'pairwise_accuracy_overall', 'mae'];

// What is known about the judge, beside every score that it gives.
function judgeCard() {
  const card = OVERVIEW.judge_card;
  if (!card) return h('p.judge-card.soft', {}, t('no_audit'), ' ', h('code', {}, 'editloupe audit CONFIG'));
  const {coefficient} = card;
  return h('p.judge-card', {}, h('a', {href: '#/judge'}, t('judge_page')), ': ', coefficientName(coefficient.name), ' ', h('b', {}, number(coefficient.value)),
    coefficient.ci95 ? h('span.soft', {}, ` (${range(...coefficient.ci95)})`) : null, ' · ', h('b', {}, String(card.n)), ' ', t('audit_compared'),
    ' · ', foreign(card.benchmark), ' · ', against(card));
}

const coefficientName = (name) => (WORDS[name] ? t(name) : name);
const against = (one) => `${t('against')} ${one.against.map((each) => (WORDS[`against_${each}`] ? t(`against_${each}`) : each)).join(', ')}`;

// A card from another study: this one has no audit of its own.
function cardSection(card) {
  return h('section#card', {}, h('h2', {}, t('judge_page')), h('p.note', {}, t('card_note'), ' ', foreign(card.benchmark), ', ', foreign(card.rubric), ', ', against(card)),
    h('div.card.scroll', {}, h('table', {}, h('tbody', {}, card.rows.map((one) => h('tr', {}, h('th', {scope: 'row'}, foreign(rowName(one.of))), h('td', {}, coefficientName(one.name)),
      h('td.num.mean', {}, number(one.value, 3)), h('td.num.soft', {}, one.ci95 ? range(...one.ci95) : '–'), h('td.num', {}, String(one.n))))))));
}

const rowName = (name) => (name === 'overall' ? t('overall') : metricName(categoryName(name)));

function judgePage() {
  const {audit, probe, judge} = OVERVIEW;
  return h('div', {},
    h('header.hero', {}, h('h1', {}, t('judge_name'), ' ', foreign(judge.name)), h('p.note', {}, foreign(judge.signature, 'span'))),
    OVERVIEW.judge_card && !audit && cardSection(OVERVIEW.judge_card),
    audit ? auditSections(audit) : !OVERVIEW.judge_card && h('p.note', {}, t('no_audit'), ' ', h('code', {}, 'editloupe audit CONFIG')),
    probe && probeSections(probe),
    distributions(),
    unreadable());
}

const coefficients = (one) => COEFFICIENTS.map((name) => h('td.num', {}, h('span.mean', {}, number(one[name].value, 3)),
  h('br'), h('small.soft', {}, one[name].ci95 ? range(...one[name].ci95) : '–')));

function auditTable(title, rows) {
  return h('div.card.scroll.audit', {}, h('table', {},
    h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, title), h('th.num', {scope: 'col'}, 'n'), COEFFICIENTS.map((name) => h('th.num', {scope: 'col'}, t(name))))),
    h('tbody', {}, rows.map(([name, one]) => h('tr', {}, h('th', {scope: 'row'}, foreign(name)), h('td.num', {}, String(one.n)), coefficients(one))))));
}

const categoryName = (id) => {
  const found = CATEGORIES.find((one) => one.id === id);
  return found ? inWords(found.label) : id;
};

function auditSections(audit) {
  const {stability, modes} = audit;
  return [
    h('section#agreement', {}, h('h2', {}, t('audit_agreement')),
      h('p.facts', {}, h('span', {}, h('b', {}, String(audit.n)), ' ', t('audit_compared')), h('span', {}, h('b', {}, String(audit.unscored)), ' ', t('no_score')), h('span', {}, against(audit))),
      audit.overall.n > 0 && [
        h('p.note', {}, t('audit_note')),
        auditTable(t('reading'), Object.entries(audit.readings).filter(([, one]) => one).map(([name, one]) => [t(`reading_${name}`), one])),
        auditTable(t('editor'), Object.entries(audit.editors)),
        auditTable(t('category'), Object.entries(audit.categories).map(([id, one]) => [categoryName(id), one])),
      ]),
    audit.preferences && preferenceSection(audit.preferences),
    audit.classes && classSection(audit.classes),
    audit.human && humanSection(audit.human),
    Object.keys(audit.means).length > 0 && h('section#means', {}, h('h2', {}, t('audit_means')), h('div.card.scroll', {}, h('table', {},
      h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, t('editor')), h('th.num', {scope: 'col'}, t('judge_name')), h('th.num', {scope: 'col'}, t('audit_truth')))),
      h('tbody', {}, Object.entries(audit.means).map(([name, one]) => h('tr', {}, h('th', {scope: 'row'}, foreign(name)), h('td.num.mean', {}, number(one.judge)), h('td.num.mean', {}, number(one.truth)))))))),
    stability && h('section#stability', {}, h('h2', {}, t('audit_stability')), h('p.note', {}, t('stability_note', stability)), h('div.card.scroll', {}, h('table', {},
      h('thead', {}, h('tr', {}, h('th'), h('th.num', {scope: 'col'}, t('audit_equal')), h('th.num', {scope: 'col'}, t('audit_largest')))),
      h('tbody', {}, ['batched', 'reversed', 'repeated'].map((name) => h('tr', {}, h('th', {scope: 'row'}, t(name)), h('td.num.mean', {}, percent(stability[name].equal)), h('td.num', {}, number(stability[name].largest_difference, 4))))))),
      h('p.note', {}, t('audit_modes', {
        mode: modes.other, questions: modes.questions, spearman: number(modes.spearman.value, 3), difference: number(modes.mean_absolute_difference.value, 3),
      }))),
  ];
}

const valued = ({value, ci95}) => h('td.num', {}, h('span.mean', {}, number(value, 3)), h('br'), h('small.soft', {}, ci95 ? range(...ci95) : '–'));

// Which of two edits people prefer: ties apart, as wrong, and as a mean over task types.
function preferenceSection(preferences) {
  const columns = ['accuracy', 'accuracy_ties_wrong', 'macro', 'macro_ties_wrong'];
  const sizes = [...new Set(Object.values(preferences).flatMap((one) => Object.values(one)).flatMap((one) => Object.keys(one.groups)))];
  const rows = Object.entries(preferences).flatMap(([reading, dimensions]) => Object.entries(dimensions).map(([dimension, one]) => [reading, dimension, one]));
  return h('section#preferences', {}, h('h2', {}, t('preferences')), h('p.note', {}, t('preferences_note')),
    h('div.card.scroll', {}, h('table', {},
      h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, t('dimension')), h('th', {scope: 'col'}, t('reading')), columns.map((name) => h('th.num', {scope: 'col'}, t(name))),
        sizes.map((size) => h('th.num', {scope: 'col'}, t('groups_of', {size}))), h('th.num', {scope: 'col'}, t('right_wrong_ties')), h('th.num', {scope: 'col'}, t('no_score')))),
      h('tbody', {}, rows.map(([reading, dimension, one]) => h('tr', {}, h('th', {scope: 'row'}, foreign(rowName(dimension))), h('td', {}, t(`reading_${reading}`)), columns.map((name) => valued(one[name])),
        sizes.map((size) => (one.groups[size] ? valued(one.groups[size]) : h('td.num', {}, '–'))), h('td.num', {}, `${one.right} / ${one.wrong} / ${one.ties}`), h('td.num', {}, String(one.unscored))))))),
    h('details.card.fold', {}, h('summary', {}, t('by_category')), h('div.scroll', {}, h('table', {}, h('tbody', {}, rows.flatMap(([reading, dimension, one]) => Object.entries(one.categories).map(([category, each]) =>
      h('tr', {}, h('th', {scope: 'row'}, foreign(rowName(dimension))), h('td', {}, t(`reading_${reading}`)), h('td', {}, foreign(categoryName(category))), valued(each.accuracy), valued(each.accuracy_ties_wrong), h('td.num', {}, String(each.pairs))))))))));
}

// Edits that follow their instruction against edits that do not: the area under the ROC curve.
function classSection(classes) {
  const rows = Object.entries(classes).flatMap(([reading, scores]) => Object.entries(scores).map(([score, one]) => [reading, score, one]));
  return h('section#classes', {}, h('h2', {}, t('classes')), h('div.card.scroll', {}, h('table', {},
    h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, t('score')), h('th', {scope: 'col'}, t('reading')), h('th.num', {scope: 'col'}, t('auroc')), h('th.num', {scope: 'col'}, t('right_wrong')), h('th.num', {scope: 'col'}, t('no_score')))),
    h('tbody', {}, rows.map(([reading, score, one]) => h('tr', {}, h('th', {scope: 'row'}, foreign(rowName(score))), h('td', {}, t(`reading_${reading}`)), valued(one), h('td.num', {}, `${one.right} / ${one.wrong}`), h('td.num', {}, String(one.unscored))))))));
}

// What became of the ratings by people.
function humanSection(human) {
  return h('section#human', {}, h('h2', {}, t('human')),
    h('p.facts', {}, h('span', {}, h('b', {}, String(human.ratings)), ' ', t('ratings')), h('span', {}, h('b', {}, percent(human.blind)), ' ', t('blind')),
      Object.entries(human.raters).map(([name, count]) => h('span', {}, foreign(name), ' ', h('b', {}, String(count)))),
      human.changed + human.unknown > 0 && h('span', {}, t('not_compared_ratings', {changed: human.changed, unknown: human.unknown}))),
    human.between_raters.length > 0 && h('div.card.scroll', {}, h('table', {}, h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, t('between_raters')), h('th.num', {scope: 'col'}, 'n'), h('th.num', {scope: 'col'}, t('spearman')), h('th.num', {scope: 'col'}, t('mae')))),
      h('tbody', {}, human.between_raters.map((one) => h('tr', {}, h('th', {scope: 'row'}, foreign(one.raters.join(' · '))), h('td.num', {}, String(one.n)), valued(one.spearman), valued(one.mae)))))),
    human.flags.map((one) => h('article.card.said', {}, h('header', {}, foreign(one.rater), foreign(one.editor), h('a', {href: `#/sample/${encodeURIComponent(one.sample)}`, dir: 'auto'}, one.sample)), h('blockquote', {dir: 'auto', tabindex: 0}, one.flag))));
}

function probeSections(probe) {
  const facts = [
    [t('audit_equal'), percent(probe.equal)], [t('probe_mean'), number(probe.mean_difference, 4)],
    [t('audit_largest'), number(probe.largest_difference, 4)], [t('probe_bias'), signed(probe.bias, 4)],
  ];
  return [
    h('section#probe', {}, h('h2', {}, t('probe_page')),
      h('p.facts', {}, h('span', {}, h('b', {}, String(probe.questions)), ' ', t('probe_questions')), h('span', {}, h('b', {}, String(probe.compared)), ' ', t('probe_compared'))),
      h('p.note', {}, t('probe_note')),
      h('div.card.scroll', {}, h('table', {}, h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, t('judge_name')), h('th', {scope: 'col'}, t('signature')), h('th.num', {scope: 'col'}, t('no_score')))),
        h('tbody', {}, probe.judges.map((one, at) => h('tr', {}, h('th', {scope: 'row'}, foreign(one.name)), h('td', {}, h('small.soft', {dir: 'auto'}, `${one.signature} mode=${one.mode}`)), h('td.num', {}, String(probe.unreadable[at]))))))),
      h('div.card.scroll', {}, h('table', {}, h('tbody', {}, facts.map(([name, value]) => h('tr', {}, h('th', {scope: 'row'}, name), h('td.num.mean', {}, value)))))),
      h('details.card.fold', {}, h('summary', {}, t('probe_pairs')), h('div.scroll', {}, h('table', {},
        h('thead', {}, h('tr', {}, [t('editor'), t('sample'), t('metric')].map((one) => h('th', {scope: 'col'}, one)), probe.judges.map((one) => h('th.num', {scope: 'col'}, foreign(one.name))), h('th.num', {scope: 'col'}, t('probe_gap')))),
        h('tbody', {}, probe.pairs.map((one) => h('tr', {}, [one.editor, one.sample, one.metric].map((text) => h('td', {dir: 'auto'}, text)), one.scores.map((score) => h('td.num', {}, number(score))),
          h('td.num', {}, one.scores.includes(null) ? '–' : signed(one.scores[1] - one.scores[0]))))))))),
  ];
}

// The distribution of scores, an editor a panel, so that shapes can be compared.
function distributions() {
  return h('section#distribution', {}, h('h2', {}, t('distribution')), h('p.note', {}, t('distribution_note')), OVERVIEW.histograms.map((one) => [
    OVERVIEW.histograms.length > 1 && h('h3', {}, foreign(metricName(one.metric))),
    h('div.panels', {}, one.counts.map((counts, editor) => h('div.card.panel', {}, h('h4', {}, editorName(editor)), histogram(counts, one.edges, {hueOf: editor})))),
  ]));
}

function unreadable() {
  const {count, shown} = OVERVIEW.unreadable;
  return h('section#unreadable', {}, h('h2', {}, t('unreadable'), ' ', h('small', {}, String(count))),
    count ? h('p.note', {}, t('unreadable_note')) : h('p.note', {}, t('unreadable_none')),
    shown.map((one) => h(`article.card.said.${hue(one.editor)}`, {},
      h('header', {}, editorName(one.editor), h('a', {href: `#/sample/${encodeURIComponent(one.sample)}`, dir: 'auto'}, one.sample), foreign(metricName(one.metric)), h('span.chip.quiet', {}, foreign(one.kind))),
      h('blockquote', {dir: 'auto', tabindex: 0}, one.words || t('empty_reply')))),
    count > shown.length && h('p.note', {}, t('more_in_file', {more: count - shown.length})));
}
