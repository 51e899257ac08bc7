// How good the judge is: its card, its audit, its agreement with another judge, its scores, and what it could not say.
import {foreign, h} from './dom.js';
import {editorCalled, editorName, histogram, hue} from './marks.js';
import {CATEGORIES, OVERVIEW} from './overview.js';
import {sanityLine, sanitySection} from './sanity.js';
import {num, table} from './table.js';
import {inWords, metricName, number, percent, range, signed, t, WORDS} from './words.js';

const COEFFICIENTS = ['spearman', 'kendall', 'pairwise_accuracy', 'pairwise_accuracy_overall', 'mae'];

// What is known about the judge, beside every score that it gives.
export function judgeCard() {
  const card = OVERVIEW.judge_card;
  const verdicts = OVERVIEW.sanity ? OVERVIEW.sanity.probes.map((one) => one.verdict) : Object.values(card?.sanity ?? {});
  const probed = verdicts.length > 0 && sanityLine(verdicts);
  if (!card && !probed) return h('p.judge-card.soft', {}, t('no_audit'), ' ', h('code', {}, 'editloupe audit CONFIG'));
  const link = [h('a', {href: '#/judge'}, t('judge_page')), ': '];
  if (!card || card.n === 0) return h('p.judge-card', {}, link, probed || t('no_score'));
  const {coefficient} = card;
  return h('p.judge-card', {}, link, coefficientName(coefficient.name), ' ', h('b', {}, number(coefficient.value)),
    coefficient.ci95 ? h('span.soft', {}, ` (${range(...coefficient.ci95)})`) : null, ' · ', h('b', {}, String(card.n)), ' ', t('audit_compared'),
    ' · ', foreign(card.benchmark), ' · ', against(card), probed && [' · ', probed]);
}

const coefficientName = (name) => (WORDS[name] ? t(name) : name);
const against = (one) => `${t('against')} ${one.against.map((each) => (WORDS[`against_${each}`] ? t(`against_${each}`) : each)).join(', ')}`;

// A card from another study: this one has no audit of its own.
function cardSection(card) {
  return h('section#card', {}, h('h2', {}, t('judge_page')), h('p.note', {}, t('card_note'), ' ', foreign(card.benchmark), ', ', foreign(card.rubric), ', ', against(card)),
    table(null, card.rows.map((row) => [foreign(rowName(row.of)), coefficientName(row.name), h('td.num.mean', {}, number(row.value, 3)),
      h('td.num.soft', {}, row.ci95 ? range(...row.ci95) : '–'), h('td.num', {}, String(row.n))])));
}

const rowName = (name) => (name === 'overall' ? t('overall') : metricName(categoryName(name)));

export function judgePage() {
  const {audit, probe, judge} = OVERVIEW;
  return h('div', {},
    h('header.hero', {}, h('h1', {}, t('judge_name'), ' ', foreign(judge.name)), h('p.note', {}, foreign(judge.signature, 'span'))),
    OVERVIEW.judge_card && !audit && cardSection(OVERVIEW.judge_card),
    sanitySection(OVERVIEW.sanity),
    audit ? auditSections(audit) : !OVERVIEW.judge_card && h('p.note', {}, t('no_audit'), ' ', h('code', {}, 'editloupe audit CONFIG')),
    probe && probeSections(probe),
    distributions(),
    replySection(OVERVIEW.replies),
    readingSection(OVERVIEW.reading),
    unreadable());
}

const under = (interval) => [h('br'), h('small.soft', {}, interval ? range(...interval) : '–')];
const valued = ({value, ci95}) => [h('span.mean', {}, number(value, 3)), under(ci95)];

function auditTable(title, rows) {
  return table([title, num('n'), ...COEFFICIENTS.map((name) => num(t(name)))],
    rows.map(([name, agreement]) => [name instanceof Node ? name : foreign(name), String(agreement.n), ...COEFFICIENTS.map((coefficient) => valued(agreement[coefficient]))]), {frame: '.card.audit'});
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
        auditTable(t('editor'), Object.entries(audit.editors).map(([name, agreement]) => [editorCalled(name), agreement])),
        auditTable(t('category'), Object.entries(audit.categories).map(([id, one]) => [categoryName(id), one])),
      ]),
    audit.preferences && preferenceSection(audit.preferences),
    audit.classes && classSection(audit.classes),
    audit.human && humanSection(audit.human),
    audit.human_means && humanMeansSection(audit.human_means),
    Object.keys(audit.means).length > 0 && h('section#means', {}, h('h2', {}, t('audit_means')), table(
      [t('editor'), num(t('judge_name')), num(t('audit_truth'))],
      Object.entries(audit.means).map(([name, means]) => [editorCalled(name), h('td.num.mean', {}, number(means.judge)), h('td.num.mean', {}, number(means.truth))]))),
    stability && h('section#stability', {}, h('h2', {}, t('audit_stability')), h('p.note', {}, t('stability_note', stability)),
      table(['', num(t('audit_equal')), num(t('audit_largest'))],
        ['batched', 'reversed', 'repeated'].map((name) => [t(name), h('td.num.mean', {}, percent(stability[name].equal)), number(stability[name].largest_difference, 4)])),
      modes && h('p.note', {}, t('audit_modes', {
        mode: modes.other, questions: modes.questions, spearman: number(modes.spearman.value, 3), difference: number(modes.mean_absolute_difference.value, 3),
      }))),
  ];
}

// Which of two edits people prefer: ties apart, as wrong, and as a mean over task types.
function preferenceSection(preferences) {
  const columns = ['accuracy', 'accuracy_ties_wrong', 'macro', 'macro_ties_wrong'];
  const sizes = [...new Set(Object.values(preferences).flatMap((one) => Object.values(one)).flatMap((one) => Object.keys(one.groups)))];
  const rows = Object.entries(preferences).flatMap(([reading, dimensions]) => Object.entries(dimensions).map(([dimension, one]) => [reading, dimension, one]));
  return h('section#preferences', {}, h('h2', {}, t('preferences')), h('p.note', {}, t('preferences_note')),
    table([
      t('dimension'), t('reading'), ...columns.map((name) => num(t(name))), ...sizes.map((size) => num(t('groups_of', {size}))), num(t('right_wrong_ties')), num(t('no_score')),
    ], rows.map(([reading, dimension, share]) => [
      foreign(rowName(dimension)), t(`reading_${reading}`), ...columns.map((name) => valued(share[name])),
      ...sizes.map((size) => (share.groups[size] ? valued(share.groups[size]) : '–')), `${share.right} / ${share.wrong} / ${share.ties}`, String(share.unscored),
    ])),
    h('details.card.fold', {}, h('summary', {}, t('by_category')), table(
      [t('dimension'), t('reading'), t('category'), num(t('accuracy')), num(t('accuracy_ties_wrong')), num('n')],
      rows.flatMap(([reading, dimension, share]) => Object.entries(share.categories).map(([category, part]) => [
        foreign(rowName(dimension)), t(`reading_${reading}`), foreign(categoryName(category)), valued(part.accuracy), valued(part.accuracy_ties_wrong), String(part.pairs),
      ])), {frame: ''})));
}

// Edits that follow their instruction against edits that do not: the area under the ROC curve.
function classSection(classes) {
  const rows = Object.entries(classes).flatMap(([reading, scores]) => Object.entries(scores).map(([score, one]) => [reading, score, one]));
  return h('section#classes', {}, h('h2', {}, t('classes')), table(
    [t('score'), t('reading'), num(t('auroc')), num(t('right_wrong')), num(t('no_score'))],
    rows.map(([reading, score, area]) => [foreign(rowName(score)), t(`reading_${reading}`), valued(area), `${area.right} / ${area.wrong}`, String(area.unscored)])));
}

// What became of the ratings by people.
function humanSection(human) {
  return h('section#human', {}, h('h2', {}, t('human')),
    h('p.facts', {}, h('span', {}, h('b', {}, String(human.ratings)), ' ', t('ratings')), h('span', {}, h('b', {}, percent(human.blind)), ' ', t('blind')),
      Object.entries(human.raters).map(([name, count]) => h('span', {}, foreign(name), ' ', h('b', {}, String(count)))),
      human.changed + human.unknown > 0 && h('span', {}, t('not_compared_ratings', {changed: human.changed, unknown: human.unknown}))),
    human.between_raters.length > 0 && table([t('between_raters'), num('n'), num(t('spearman')), num(t('mae'))],
      human.between_raters.map((both) => [foreign(both.raters.join(' · ')), String(both.n), valued(both.spearman), valued(both.mae)])),
    human.flags.map((one) => h('article.card.said', {}, h('header', {}, foreign(one.rater), editorCalled(one.editor), h('a', {href: `#/sample/${encodeURIComponent(one.sample)}`, dir: 'auto'}, one.sample)), h('blockquote', {dir: 'auto', tabindex: 0}, one.flag))));
}

// What people would have said of every edit, from their ratings of a random part; or why that is not known.
function humanMeansSection(means) {
  const wanted = means.width ? [num(t('human_wanted', {half: number(means.width / 2)}))] : [];
  const ends = (pair) => (pair ? `${number(pair[0])} – ${number(pair[1])}` : '–');
  const row = (label, one) => [
    label, h('td.num', {}, number(one.judge)), h('td.num.mean', {}, number(one.mean)), h('td.num', {}, ends(one.ci95)), h('td.num', {}, ends(one.labels_alone)),
    h('td.num', {}, String(one.labelled)), h('td.num', {}, percent(one.weight)), ...wanted.map(() => h('td.num', {}, one.wanted === null ? '–' : String(one.wanted))),
  ];
  const editors = Object.entries(means.editors);
  return h('section#human-means', {}, h('h2', {}, t('human_means')),
    means.refused ? h('p.note', {}, means.refused) : h('p.note', {}, t('human_means_note', means)),
    editors.filter(([, one]) => one.refused).map(([name, one]) => h('p.note', {}, editorCalled(name), ': ', one.refused)),
    editors.filter(([, one]) => one.overall).map(([name, one]) => table(
      [editorCalled(name), num(t('judge_name')), num(t('human_corrected')), num('95 %'), num(t('labels_alone')), num(t('human_labels')), num(t('human_weight')), ...wanted],
      [row(t('overall'), one.overall), ...Object.entries(one.categories).map(([id, part]) => row(categoryName(id), part))])));
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
      table([t('judge_name'), t('signature'), num(t('no_score'))], probe.judges.map((judge, at) => [
        foreign(judge.name), h('small.soft', {dir: 'auto'}, `${judge.signature} mode=${judge.mode}`), String(probe.unreadable[at])])),
      table(null, facts.map(([name, value]) => [name, h('td.num.mean', {}, value)])),
      h('details.card.fold', {}, h('summary', {}, t('probe_pairs')), table(
        [t('editor'), t('sample'), t('metric'), ...probe.judges.map((judge) => num(foreign(judge.name))), num(t('probe_gap'))],
        probe.pairs.map((question) => [editorCalled(question.editor), foreign(question.sample), foreign(question.metric), ...question.scores.map((score) => number(score)),
          question.scores.includes(null) ? '–' : signed(question.scores[1] - question.scores[0])]), {frame: ''}))),
  ];
}

// The distribution of scores, an editor a panel, so that shapes can be compared.
function distributions() {
  return h('section#distribution', {}, h('h2', {}, t('distribution')), h('p.note', {}, t('distribution_note')), OVERVIEW.histograms.map((one) => [
    OVERVIEW.histograms.length > 1 && h('h3', {}, foreign(metricName(one.metric))),
    h('div.panels', {}, one.counts.map((counts, editor) => h('div.card.panel', {}, h('h4', {}, editorName(editor)), histogram(counts, one.edges, {hueOf: editor})))),
  ]));
}

// How many replies were read in which form, and how many were lost to what, each with one of them.
function replySection({asked, thoughts, read, lost}) {
  if (asked === 0) return null;
  const row = (name, {count, examples: [one]}) => [
    name, String(count), percent(count / asked, 1), editorCalled(one.editor), h('a', {href: `#/sample/${encodeURIComponent(one.sample)}`, dir: 'auto'}, one.sample), quoted(one.words || one.message),
  ];
  return h('section#replies', {}, h('h2', {}, t('replies'), ' ', h('small', {}, String(asked))),
    h('p.note', {}, t('replies_note'), thoughts > 0 && [' ', t('replies_thoughts', {thoughts, share: percent(thoughts / asked, 1)})]),
    table([t('reply_form'), num(t('count')), num(t('share')), t('editor'), t('sample'), t('example')], [
      ...read.map((one) => row(t(`form_${one.name.replaceAll('-', '_')}`), one)),
      ...lost.map((one) => row([t('lost'), ' ', h('span.chip.quiet', {}, foreign(one.name))], one)),
    ]));
}

const EXAMPLE = 160;
const quoted = (words) => foreign(words.length > EXAMPLE ? `${words.slice(0, EXAMPLE)}…` : words);

// Which scores of an older report the rule that read this one reads otherwise.
function readingSection(reading) {
  if (!reading) return null;
  return h('section#reading', {}, h('h2', {}, t('reading_rule'), ' ', h('small', {}, String(reading.version))),
    h('p.note', {}, reading.changed > 0 ? t('reading_changed', {changed: reading.changed, before: reading.before ?? '–'}) : t('reading_same')),
    reading.examples.length > 0 && table(
      [t('editor'), t('sample'), t('metric'), num(t('reading_before')), num(t('reading_now')), t('reading_why')],
      reading.examples.map((one) => [
        editorCalled(one.editor), h('a', {href: `#/sample/${encodeURIComponent(one.sample)}`, dir: 'auto'}, one.sample), foreign(metricName(one.metric)),
        one.before === null ? foreign(one.before_kind ?? '–') : number(one.before), one.now === null ? foreign(one.now_kind ?? '–') : number(one.now), foreign(one.why ?? ''),
      ])),
    reading.changed > reading.examples.length && h('p.note', {}, t('reading_more', {more: reading.changed - reading.examples.length})));
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
