// What failed, by stage and kind, with its cause. A failure is never a score.
import {foreign, h} from './dom.js';
import {editorName} from './marks.js';
import {EDITORS, OVERVIEW} from './overview.js';
import {num, table} from './table.js';
import {inWords, t} from './words.js';

export function failuresPage() {
  const counts = OVERVIEW.failures;
  const kinds = new Map();
  for (const count of counts) {
    const key = `${count.stage}\u0000${count.kind}`;
    if (!kinds.has(key)) kinds.set(key, {stage: count.stage, kind: count.kind, counts: [], total: 0});
    kinds.get(key).counts.push(count);
    kinds.get(key).total += count.count;
  }
  const frequent = [...kinds.values()].sort((a, b) => b.total - a.total);
  return h('div', {},
    h('header.hero', {}, h('h1', {}, t('failures')), OVERVIEW.failed[0] && h('p', {}, foreign(inWords(OVERVIEW.failed))), OVERVIEW.pairs?.failed > 0 && h('p', {}, h('a.bad', {href: '#/pairs?show=pair_failed'}, t('pairs_failed_count', OVERVIEW.pairs))),
      (counts.length > 0 || !OVERVIEW.pairs?.failed) && h('p.note', {}, counts.length ? t('failure_note') : t('no_failures'))),
    counts.length > 0 && h('section', {}, table(
      [t('editor'), ...frequent.map(({kind, stage}) => num(h('span', {}, foreign(kind), h('small', {}, ` ${t(`stage_${stage}`)}`))))],
      editorsIn(counts).map((editor) => [editorName(editor), ...frequent.map(({kind, counts: ofKind}) => {
        const count = ofKind.find((row) => row.editor === editor);
        return count ? h('a.bad', {href: galleryOf(editor, kind)}, String(count.count)) : h('span.soft', {}, '0');
      })]), {look: '.matrix'})),
    frequent.map(({kind, stage, counts: ofKind, total: ofAll}) => h('section', {}, h('h2', {}, foreign(kind), ' ', h('small', {}, `${t(`stage_${stage}`)} · ${counted(ofAll, ofKind[0].unit)}`)),
      h('div.card.causes', {}, ofKind.map((count) => h('div.cause', {}, h('p', {}, editorName(count.editor), ' ', h('a.bad', {href: galleryOf(count.editor, kind)}, `${counted(count.count, count.unit)} ${t('see_all')}`)),
        h('ul', {}, count.examples.map((example) => h('li', {}, h('a', {href: `#/sample/${encodeURIComponent(example.sample)}`, dir: 'auto'}, example.sample), ' ', foreign(example.message),
          example.retryable ? h('span.chip.quiet', {}, example.attempts === 1 ? t('tried_once') : t('tried_again', {attempts: example.attempts})) : null)))))))));
}

const counted = (count, unit) => t(count === 1 ? `unit_${unit}_one` : `unit_${unit}`, {count});

// All editors, and first what failed before there was an editor to blame (-1).
const editorsIn = (counts) => [...(counts.some((count) => count.editor < 0) ? [-1] : []), ...EDITORS.keys()];

const galleryOf = (editor, kind) => `#/gallery?${new URLSearchParams({...(editor < 0 ? {} : {editor}), failure: kind})}`;
