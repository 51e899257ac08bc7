// How good the judge is: its card, its audit, its agreement with another judge, its scores, and what it could not say.
const COEFFICIENTS = ['spearman', 'kendall', 'pairwise_accuracy', 'pairwise_accuracy_overall', 'mae'];

function judgeCard() {
  const {audit} = OVERVIEW;
  if (!audit) return h('p.judge-card.soft', {}, t('no_audit'), ' ', h('code', {}, 'editloupe audit CONFIG'));
  const {spearman, mae} = audit.overall;
  return h('p.judge-card', {}, h('a', {href: '#/judge'}, t('judge_page')), ': ',
    h('span', {}, 'Spearman ', h('b', {}, number(spearman.value)), spearman.ci95 ? h('span.soft', {}, ` (${range(...spearman.ci95)})`) : null), ' · ',
    h('span', {}, t('mae'), ' ', h('b', {}, number(mae.value))), ' · ', h('span', {}, h('b', {}, String(audit.n)), ' ', t('audit_compared')));
}

function judgePage() {
  const {audit, probe, judge} = OVERVIEW;
  return h('div', {},
    h('header.hero', {}, h('h1', {}, t('judge_name'), ' ', foreign(judge.name)), h('p.note', {}, foreign(judge.signature, 'span'))),
    audit ? auditSections(audit) : h('p.note', {}, t('no_audit'), ' ', h('code', {}, 'editloupe audit CONFIG')),
    probe && probeSections(probe),
    distributions(),
    unreadable());
}

const coefficients = (one) => COEFFICIENTS.map((name) => h('td.num', {}, h('span.mean', {}, number(one[name].value, 3)),
  h('br'), h('small.soft', {}, one[name].ci95 ? range(...one[name].ci95) : '–')));

function auditTable(title, rows) {
  return h('div.card.scroll', {}, h('table', {},
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
      h('p.facts', {}, h('span', {}, h('b', {}, String(audit.n)), ' ', t('audit_compared')), h('span', {}, h('b', {}, String(audit.unscored)), ' ', t('no_score'))),
      h('p.note', {}, t('audit_note')),
      auditTable(t('overall'), [[t('overall'), audit.overall], ...(audit.expected ? [[t('audit_expected'), audit.expected]] : [])]),
      auditTable(t('editor'), Object.entries(audit.editors)),
      auditTable(t('category'), Object.entries(audit.categories).map(([id, one]) => [categoryName(id), one]))),
    h('section#means', {}, h('h2', {}, t('audit_means')), h('div.card.scroll', {}, h('table', {},
      h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, t('editor')), h('th.num', {scope: 'col'}, t('judge_name')), h('th.num', {scope: 'col'}, t('audit_truth')))),
      h('tbody', {}, Object.entries(audit.means).map(([name, one]) => h('tr', {}, h('th', {scope: 'row'}, foreign(name)), h('td.num.mean', {}, number(one.judge)), h('td.num.mean', {}, number(one.truth)))))))),
    h('section#stability', {}, h('h2', {}, t('audit_stability')), h('p.note', {}, t('stability_note', stability)), h('div.card.scroll', {}, h('table', {},
      h('thead', {}, h('tr', {}, h('th'), h('th.num', {scope: 'col'}, t('audit_equal')), h('th.num', {scope: 'col'}, t('audit_largest')))),
      h('tbody', {}, ['batched', 'reversed', 'repeated'].map((name) => h('tr', {}, h('th', {scope: 'row'}, t(name)), h('td.num.mean', {}, percent(stability[name].equal)), h('td.num', {}, number(stability[name].largest_difference, 4))))))),
      h('p.note', {}, t('audit_modes', {
        mode: modes.other, questions: modes.questions, spearman: number(modes.spearman.value, 3), difference: number(modes.mean_absolute_difference.value, 3),
      }))),
  ];
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
