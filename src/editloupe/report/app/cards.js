// What one edit looks like: in the gallery as a card of fixed height, on its sample's page at full size.
import {foreign, h, put, real} from './dom.js';
import {pair} from './loupe.js';
import {editorName, hue, labelColumns, meter, shownEditor} from './marks.js';
import {CATEGORIES, EDITORS, METRICS, OVERVIEW} from './overview.js';
import {ratingRow} from './ratings.js';
import {state} from './state.js';
import {ready, scoreOf} from './store.js';
import {inWords, metricName, number, t} from './words.js';

export function scoreOfEdit(edit, metric) {
  if (state.blind) return h('span.num.soft', {title: t('blind_help')}, '?');
  const score = scoreOf(edit, metric);
  if (score !== null) return h('span.num.mean', {}, number(score));
  return h('span.num.bad', {}, edit.kind < 0 ? '–' : t('no_score'));
}

export function failureNote([stage, kind, message]) {
  return h('p.failure', {}, h('b', {}, foreign(kind)), h('span.soft', {}, ' ', t(`stage_${stage}`)), h('br'), foreign(message));
}

// What is to be known about an edit: a prompt that was cut off, other proportions than its source's.
export const editNotes = (edit) => (edit.notes ?? []).map((note) => h('p.edit-note', {}, h('b', {}, t('edit_note')), ' ', foreign(note)));

// What a reply says to a person: the texts of its JSON object, or the reply as it is.
function spoken(words) {
  const body = words.replace(/^\s*```(?:json)?\s*\n|\n?\s*```\s*$/gi, '');
  if (!body.trimStart().startsWith('{')) return words;
  try {
    const texts = Object.values(JSON.parse(body)).filter((one) => typeof one === 'string' && one.trim());
    return texts.join('\n') || words;
  } catch {
    return words;
  }
}

const folded = (name, text) => h(`details.verbatim.${name}`, {}, h('summary', {}, t(name)), h('pre', {dir: 'auto', tabindex: 0}, text));

// One metric on a sample's page: score, then the judge's words or its probabilities, and what it thought before, folded.
export function metricBlock(one, several) {
  const scale = METRICS.find((metric) => metric.name === one.name) ?? OVERVIEW.scale;
  const said = one.words ? spoken(one.words) : '';
  const parts = [
    several && h('p.metric-head', {}, foreign(metricName(one.name)), h('span.num', {}, number(one.score))),
    several && meter(one.score, scale),
    one.labels ? labelColumns(one.labels) : said && h('blockquote', {dir: 'auto', tabindex: 0}, said),
    said !== one.words && !one.labels && folded('verbatim', one.words),
    one.thoughts && folded('thoughts', one.thoughts),
  ];
  return real(parts).length > 0 && h('div.metric', {}, parts);
}

// The metrics of a card: all scores in a line, and the words about one of them.
function metricLines(metrics, chosen) {
  const shown = metrics.find((one) => one.name === METRICS[chosen]?.name) ?? metrics.find((one) => one.words || one.labels) ?? metrics[0];
  return [
    metrics.length > 1 && h('p.scores', {}, metrics.map((one) => h('span.chip.quiet', {}, foreign(metricName(one.name)), ' ', h('b', {}, number(one.score, Number.isInteger(one.score) ? 0 : 1))))),
    shown?.labels ? labelColumns(shown.labels) : shown?.words && h('blockquote', {dir: 'auto'}, spoken(shown.words)),
  ];
}

export function cardOf(edit, filter) {
  const {sample} = edit;
  const card = h(`article.card.edit.${hue(shownEditor(edit))}`, {tabindex: 0, 'aria-label': `${sample.id}, ${EDITORS[shownEditor(edit)]?.name ?? '?'}`});
  const category = CATEGORIES[sample.category];
  const full = ready(sample);
  const body = h('div.body', {});
  card.append(
    h('header', {}, editorName(shownEditor(edit)), edit.draw ? h('small.soft', {}, ` #${edit.draw}`) : null, scoreOfEdit(edit, filter.metric)),
    h('div.looking-glass', {}, full ? pair(full.sources[0], full.edits[edit.at].image, sample.id) : h('div.pair.side', {}, h('span.frame'), h('span.frame'))),
    h('p.instruction', {dir: 'auto'}, sample.text),
    body,
    h('footer', {}, category && h('span.chip', {}, foreign(inWords(category.label))), h('a.id', {href: addressOfSample(sample), dir: 'auto'}, sample.id)));
  if (full) {
    const here = full.edits[edit.at];
    put(body, here.failures.map(failureNote), editNotes(here), state.blind ? ratingRow(edit, here.digest) : metricLines(here.metrics, filter.metric));
  }
  card.addEventListener('click', (event) => {
    if (!event.target.closest('a, button, input, .slide')) location.hash = addressOfSample(sample);
  });
  return card;
}

export const addressOfSample = (sample) => `#/sample/${encodeURIComponent(sample.id)}`;

// Hides from a person who rates what would sway them; `act` shows the page anew.
export function blindButton(act) {
  const switched = h('button.button', {type: 'button', 'aria-pressed': String(state.blind), title: t('blind_help'), on: {click: () => switched.turn()}}, t('blind'));
  switched.turn = () => {
    state.blind = !state.blind;
    switched.setAttribute('aria-pressed', String(state.blind));
    act();
  };
  return switched;
}
