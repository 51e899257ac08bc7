// What failed, by stage and kind, with its cause. A failure is never a score.
import {foreign, h} from './dom.js';
import {editorName} from './marks.js';
import {EDITORS, OVERVIEW} from './overview.js';
import {num, table} from './table.js';
import {t} from './words.js';

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
  const total = counts.reduce((sum, count) => sum + count.count, 0);
  return h('div', {},
    h('header.hero', {}, h('h1', {}, t('failures'), ' ', h('small', {}, String(total))), h('p.note', {}, counts.length ? t('failure_note') : t('no_failures'))),
    counts.length > 0 && h('section', {}, table(
      [t('editor'), ...frequent.map(({kind, stage}) => num(h('span', {}, foreign(kind), h('small', {}, ` ${t(`stage_${stage}`)}`))))],
      editorsIn(counts).map((editor) => [editorName(editor), ...frequent.map(({kind, counts: ofKind}) => {
        const count = ofKind.find((row) => row.editor === editor);
        return count ? h('a.bad', {href: galleryOf(editor, kind)}, String(count.count)) : h('span.soft', {}, '0');
      })]), {look: '.matrix'})),
    frequent.map(({kind, stage, counts: ofKind, total: ofAll}) => h('section', {}, h('h2', {}, foreign(kind), ' ', h('small', {}, `${t(`stage_${stage}`)} · ${ofAll}`)),
      h('div.card.causes', {}, ofKind.map((count) => h('div.cause', {}, h('p', {}, editorName(count.editor), ' ', h('a.bad', {href: galleryOf(count.editor, kind)}, `${count.count} ${t('see_all')}`)),
        h('ul', {}, count.examples.map((example) => h('li', {}, h('a', {href: `#/sample/${encodeURIComponent(example.sample)}`, dir: 'auto'}, example.sample), ' ', foreign(example.message),
          example.retryable ? h('span.chip.quiet', {}, t('tried_again', {attempts: example.attempts})) : null)))))))));
}

// All editors, and first what failed before there was an editor to blame (-1).
const editorsIn = (counts) => [...(counts.some((count) => count.editor < 0) ? [-1] : []), ...EDITORS.keys()];

const galleryOf = (editor, kind) => `#/gallery?${new URLSearchParams({...(editor < 0 ? {} : {editor}), failure: kind})}`;
