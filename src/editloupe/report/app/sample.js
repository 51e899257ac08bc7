// One sample with the edits of all editors side by side, large.
import {addressOfSample, blindButton, editNotes, failureNote, metricBlock, scoreOfEdit} from './cards.js';
import {button, foreign, h, put} from './dom.js';
import {modeBar, pair, picture} from './loupe.js';
import {editorName, hue, meter, scramble, shownEditor} from './marks.js';
import {CATEGORIES, MANIFEST, OVERVIEW} from './overview.js';
import {ratingPanel, ratingRow} from './ratings.js';
import {state} from './state.js';
import {loadIndex, loadSample} from './store.js';
import {inWords, t} from './words.js';

export async function samplePage(id) {
  await loadIndex();
  const sample = state.index.byId.get(id);
  if (!sample) return h('div', {}, h('header.hero', {}, h('h1', {}, t('no_sample')), foreign(id, 'p')));
  const full = await loadSample(sample);
  const page = h('div.sample', {});
  const grid = h('div.edits', {});
  const draw = () => {
    grid.className = `edits ${state.mode === 'side' || state.mode === 'loupe' ? 'double' : ''}`;
    put(grid, (state.blind ? [...sample.edits].sort((a, b) => scramble(a.key) - scramble(b.key)) : sample.edits).map((edit) => editFigure(edit, full)));
  };
  const modes = modeBar(draw);
  const [before, after] = neighbours(sample);
  const category = CATEGORIES[sample.category];
  const blind = blindButton(draw);
  page.keys = (key) => {
    if ((key === 'ArrowRight' || key === 'j') && after) location.hash = addressOfSample(after);
    else if ((key === 'ArrowLeft' || key === 'k') && before) location.hash = addressOfSample(before);
    else if (key === 'm') modes.next();
    else if (key === 'M') modes.next(-1);
    else if (key === 'b') blind.turn();
    else if (key === 'Escape') location.hash = state.lastGallery;
    else return false;
    return true;
  };
  const instruction = folding(h('h1.instruction', {dir: 'auto'}, full.instruction));
  page.shown = instruction.shown;
  draw();
  put(page,
    h('nav.title.way', {'aria-label': t('sample')}, h('a', {href: state.lastGallery}, `← ${t('gallery')}`),
      h('span.grow'),
      before ? h('a', {href: addressOfSample(before), rel: 'prev'}, `‹ ${t('previous')}`) : h('span.soft', {}, `‹ ${t('previous')}`),
      after ? h('a', {href: addressOfSample(after), rel: 'next'}, `${t('next')} ›`) : h('span.soft', {}, `${t('next')} ›`)),
    h('header.hero.low', {},
      h('p.tags', {}, category && h('span.chip', {}, foreign(inWords(category.label))), full.groups.map(([name, value]) => h('span.chip.quiet', {}, foreign(`${name}: ${value}`))), h('span.id', {dir: 'auto'}, sample.id)),
      instruction.element),
    textOfSample(full),
    (full.sources.length > 1 || full.references.length > 0) && h('div.given', {}, given(full.sources, 'source'), given(full.references, 'reference')),
    h('div.title', {}, modes, blind), grid, ratingPanel());
  return page;
}

// A long text shows its first lines and a handle that unfolds it; a text that fits has no handle.
function folding(title) {
  const handle = button('', () => turn(title.classList.contains('folded')), {class: 'button unfold', hidden: true});
  const turn = (open) => {
    title.classList.toggle('folded', !open);
    handle.setAttribute('aria-expanded', String(open));
    handle.textContent = open ? t('show_less') : t('show_all');
  };
  const shown = () => {
    turn(false);
    handle.hidden = title.scrollHeight <= title.clientHeight + 1;
  };
  return {element: h('div.folding', {}, title, handle), shown};
}

function neighbours(sample) {
  const order = state.shownEdits?.length ? [...new Set(state.shownEdits.map((edit) => edit.sample))] : state.index.samples;
  const at = order.indexOf(sample);
  if (at < 0) return [state.index.samples[sample.at - 1], state.index.samples[sample.at + 1]];
  return [order[at - 1], order[at + 1]];
}

function textOfSample(full) {
  const rows = [['description', full.description], ['rationale', full.rationale], ['human_label', full.label === null ? '' : String(full.label)]].filter(([, text]) => text);
  return rows.length > 0 && h('dl.facts-list', {}, rows.map(([name, text]) => [h('dt', {}, t(name)), h('dd', {dir: 'auto'}, text)]));
}

const given = (pictures, role) => pictures.map((one, at) => h('figure', {}, linked(one, `${t(role)} ${at + 1}`),
  h('figcaption.soft', {}, t(role), pictures.length > 1 ? ` ${at + 1}` : '')));

const linked = (image, label) => (image.large && !MANIFEST.single
  ? h('a.frame', {href: image.large}, picture(image, label, true)) : h('span.frame', {}, picture(image, label, true)));

function editFigure(edit, full) {
  const here = full.edits[edit.at];
  return h(`figure.card.${hue(shownEditor(edit))}`, {},
    h('figcaption', {}, editorName(shownEditor(edit)), edit.draw ? h('small.soft', {}, ` #${edit.draw}`) : null, scoreOfEdit(edit, -1)),
    state.blind ? null : meter(edit.overall, OVERVIEW.scale),
    pair(full.sources[0], here.image, full.id, true),
    here.image?.large && !MANIFEST.single ? h('p.open', {}, h('a.soft', {href: here.image.large}, t('open_image'))) : null,
    here.failures.map(failureNote),
    editNotes(here),
    state.blind ? null : here.metrics.map((one) => metricBlock(one, here.metrics.length > 1)),
    ratingRow(edit, here.digest));
}
