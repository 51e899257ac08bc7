// What the numbers depend on, and what they cost.
import {foreign, h} from './dom.js';
import {EDITORS, OVERVIEW} from './overview.js';
import {number, t} from './words.js';

export function aboutPage() {
  const {benchmark, judge} = OVERVIEW;
  const facts = [
    [t('signature'), OVERVIEW.signature],
    [t('benchmark'), [benchmark.name, benchmark.revision].filter(Boolean).join(' · ')],
    [t('judge_name'), [judge.name, judge.signature].filter(Boolean).join(' · ')],
    [t('rubric'), OVERVIEW.rubric],
    [t('reading_rule'), OVERVIEW.reading && (OVERVIEW.reading.changed > 0 ? `${OVERVIEW.reading.version} · ${t('reading_changed', {changed: OVERVIEW.reading.changed, before: OVERVIEW.reading.before ?? '–'})}` : String(OVERVIEW.reading.version))],
    ...EDITORS.map((one) => [one.name, one.signature]),
    ...Object.entries(OVERVIEW.hardware).map(([stage, one]) => [`${t(stage)}: ${t('hardware')}`, Object.values(one).filter(Boolean).join(' · ')]),
    [t('versions'), Object.entries(OVERVIEW.versions).map(([name, version]) => `${name} ${version}`).join(', ')],
    ['editloupe', OVERVIEW.version],
  ].filter(([, value]) => value);
  return h('div', {},
    h('header.hero', {}, h('h1', {}, t('about'))),
    OVERVIEW.card && h('section', {}, h('h2', {}, t('rubric')), h('p.prose', {dir: 'auto'}, OVERVIEW.card)),
    h('section#speed', {}, h('h2', {}, t('speed')), h('div.panels', {}, ['edit', 'judge'].map(speedPanel), costPanels())),
    h('section#facts', {}, h('h2', {}, t('signature')), h('dl.card.about', {}, facts.map(([name, value]) => [h('dt', {dir: 'auto'}, name), h('dd', {dir: 'auto'}, value)]))),
    OVERVIEW.config !== '{}\n' && h('details.card.fold', {}, h('summary', {}, t('config')), h('pre', {tabindex: 0}, OVERVIEW.config)));
}

function speedPanel(stage) {
  const one = OVERVIEW.speed[stage];
  return h('div.card.panel', {}, h('h3', {}, t(stage)), one
    ? [h('p.large', {}, `${number(one.rate)} ${t('per_second')}`), h('p.soft', {}, `${one.items} ${t('items')}, ${number(one.seconds, 1)} ${t('seconds')}${one.memory ? `, ${t('memory')} ${number(one.memory / 2 ** 30)} GiB` : ''}`)]
    : h('p.soft', {}, t('not_run')));
}

function costPanels() {
  return Object.entries(OVERVIEW.cost).map(([model, one]) => h('div.card.panel', {}, h('h3', {}, t('cost'), ' ', foreign(model)),
    one.currency ? h('p.large', {}, `${number(one.cost, 4)} ${one.currency}`) : null,
    h('p.soft', {}, `${one.prompt_tokens ?? 0} + ${one.reply_tokens ?? 0} ${t('tokens')}`)));
}
