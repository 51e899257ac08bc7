// What failed, by stage and kind, with its cause. A failure is never a score.
function failuresPage() {
  const rows = OVERVIEW.failures;
  const kinds = new Map();
  for (const row of rows) {
    const key = `${row.stage}\u0000${row.kind}`;
    if (!kinds.has(key)) kinds.set(key, {stage: row.stage, kind: row.kind, rows: [], count: 0});
    kinds.get(key).rows.push(row);
    kinds.get(key).count += row.count;
  }
  const ordered = [...kinds.values()].sort((a, b) => b.count - a.count);
  return h('div', {},
    h('header.hero', {}, h('h1', {}, t('failures')), OVERVIEW.failed[0] && h('p', {}, foreign(inWords(OVERVIEW.failed))), h('p.note', {}, rows.length ? t('failure_note') : t('no_failures'))),
    rows.length > 0 && h('section', {}, h('div.card.scroll', {}, h('table.matrix', {},
      h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, t('kind')), h('th', {scope: 'col'}, t('stage')), EDITORS.map((_, editor) => h('th.num', {scope: 'col'}, editorName(editor))))),
      h('tbody', {}, ordered.map((one) => h('tr', {}, h('th', {scope: 'row'}, foreign(one.kind)), h('td.soft', {}, t(`stage_${one.stage}`)), EDITORS.map((_, editor) => {
        const found = one.rows.find((row) => row.editor === editor);
        return h('td.num', {}, found ? h('a.bad', {href: galleryOf(editor, one.kind)}, String(found.count)) : h('span.soft', {}, '0'));
      }))))))),
    ordered.map((one) => h('section', {}, h('h2', {}, foreign(one.kind), ' ', h('small', {}, `${t(`stage_${one.stage}`)} · ${counted(one.count, one.rows[0].unit)}`)),
      h('div.card.causes', {}, one.rows.map((row) => h('div.cause', {}, h('p', {}, editorName(row.editor), ' ', h('a.bad', {href: galleryOf(row.editor, one.kind)}, `${counted(row.count, row.unit)} ${t('see_all')}`)),
        h('ul', {}, row.examples.map((each) => h('li', {}, h('a', {href: `#/sample/${encodeURIComponent(each.sample)}`, dir: 'auto'}, each.sample), ' ', foreign(each.message),
          each.retryable ? h('span.chip.quiet', {}, each.attempts === 1 ? t('tried_once') : t('tried_again', {attempts: each.attempts})) : null)))))))));
}

const counted = (count, unit) => t(count === 1 ? `unit_${unit}_one` : `unit_${unit}`, {count});

const galleryOf = (editor, kind) => `#/gallery?${new URLSearchParams({...(editor < 0 ? {} : {editor}), failure: kind})}`;
