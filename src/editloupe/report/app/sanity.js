// Whether the judge is awake: each probe with its verdict, its numbers, and the edits that speak most against the judge.
import {foreign, h} from './dom.js';
import {picture} from './loupe.js';
import {editorCalled} from './marks.js';
import {num, table} from './table.js';
import {inWords, metricName, number, percent, range, t} from './words.js';

export function sanitySection(sanity) {
  if (!sanity) return null;
  return h('section#sanity', {}, h('h2', {}, t('sanity')), h('p.note', {}, t('sanity_note')),
    h('p.note', {}, t('sanity_asked', {questions: sanity.questions, rate: percent(sanity.error_rate)})),
    table([t('sanity_probe'), t('sanity_must'), t('sanity_verdict'), t('metric'), num('n'), num(t('sanity_change')), num(t('sanity_bounds'))], sanity.probes.flatMap(probeRows)),
    sanity.probes.filter((one) => one.examples.length > 0).map(probeExamples));
}

const VERDICTS = ['fail', 'underpowered', 'pass'];

// How many probes ended how, the worst first.
export function sanityLine(verdicts) {
  const counts = VERDICTS.map((name) => [name, verdicts.filter((one) => one === name).length]).filter(([, count]) => count > 0);
  return [t('sanity'), ': ', counts.map(([name, count], at) => [at > 0 && ', ', h(`span${VERDICT_LOOKS[name] ?? ''}`, {}, h('b', {}, String(count)), ' ', t(`verdict_${name}`))])];
}

const VERDICT_LOOKS = {fail: '.bad'};

function probeRows(probe) {
  const verdict = h(`td${VERDICT_LOOKS[probe.verdict] ?? ''}`, {}, h('b', {}, inWords(probe.called)), inWords(probe.reason) && [h('br'), h('small.soft', {}, foreign(inWords(probe.reason)))]);
  const head = [inWords(probe.name), inWords(probe.must)];
  if (probe.metrics.length === 0) return [[...head, verdict, '–', '0', '–', '–']];
  return probe.metrics.map((one, at) => [
    ...(at === 0 ? [...head, verdict] : ['', '', '']), foreign(metricName(one.name)), String(one.n), h('td.num.mean', {}, number(one.mean)), h('td.num.soft', {}, range(one.low, one.high)),
  ]);
}

function probeExamples(probe) {
  return h('details.card.fold', {}, h('summary', {}, inWords(probe.name), ' ', h('span.chip.quiet', {}, inWords(probe.called))), probe.examples.map(probeExample));
}

function probeExample(one) {
  const figure = (image, caption) => h('figure', {}, h('span.frame', {}, picture(image, caption)), h('figcaption.soft', {}, caption));
  const reordered = one.sources.some((source, at) => source.large !== one.shown_sources[at]?.large);
  const sources = reordered ? one.shown_sources : one.sources;
  const exchanged = one.image.large !== one.shown.large;
  return h('article.probed', {},
    h('p', {}, editorCalled(one.editor), ' ', h('a', {href: `#/sample/${encodeURIComponent(one.sample)}`, dir: 'auto'}, one.sample), ' · ',
      one.scores.map(([metric, before, after]) => [foreign(metricName(metric)), ' ', number(before), ' → ', h('b', {}, number(after)), ' '])),
    h('div.given', {}, sources.map((source) => figure(source, t('source'))), figure(one.image, t('edited')), exchanged && figure(one.shown, t('sanity_after'))),
    h('p', {}, h('span.soft', {}, `${t('sanity_before')}: `), foreign(one.instruction)),
    one.told !== one.instruction && h('p', {}, h('span.soft', {}, `${t('sanity_after')}: `), foreign(one.told)),
    one.before && h('p', {}, h('span.soft', {}, `${t('sanity_after')}: `), foreign(`${one.before} …`)),
    one.words && h('p', {}, h('span.soft', {}, `${t('sanity_words')}: `), foreign(one.words)));
}
