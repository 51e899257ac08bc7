// All edits as cards. Only the rows in view exist: thousands of cards scroll like a few.
import {addressOfSample, blindButton, cardOf} from './cards.js';
import {button, h, put} from './dom.js';
import {addressOf, filterBar, filterNow, inRange, NOTHING, passes, searchBox, sorted} from './filters.js';
import {modeBar} from './loupe.js';
import {ratingPanel} from './ratings.js';
import {rendering} from './rendered.js';
import {state} from './state.js';
import {arrived, chunksThere, load, loadIndex, loadSample, ready} from './store.js';
import {t} from './words.js';

const HEIGHT = 452; // of a card with its gap, as the style sheet has it
const NARROWEST = 288;
const MARGIN = 2; // rows kept above and below the view

export async function galleryPage() {
  await loadIndex();
  const all = state.index.samples.flatMap((sample) => sample.edits);
  const list = h('div.cards', {role: 'list', 'aria-label': t('gallery')});
  const count = h('p.count', {role: 'status'});
  const rest = h('div.rest', {});
  const panel = ratingPanel();
  const page = h('div.gallery', {});
  const cards = new Map();
  let drawn = 0; // columns
  let edits = [];
  let filter = filterNow();

  const change = (next) => {
    state.lastGallery = addressOf(next);
    history.replaceState(null, '', state.lastGallery);
    state.address = location.hash;
    update();
  };
  const modes = modeBar(() => draw(true));
  const search = searchBox(change);

  const update = () => rendering(async () => show());

  function show() {
    filter = filterNow();
    const words = filter.q.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length) searchEverywhere();
    const passing = all.filter((edit) => passes(edit, filter, words));
    edits = sorted(passing.filter((edit) => inRange(edit, filter)), filter);
    state.shownEdits = edits;
    put(rest, filterBar(filter, passing, change));
    panel.hidden = !state.blind && state.ratings.size === 0;
    count.textContent = t('shown_of', {shown: edits.length, all: all.length});
    count.append(edits.length < all.length ? button(t('clear'), () => {
      search.value = '';
      change({...NOTHING, groups: {}});
    }) : '');
    draw(true);
  }

  // Words of the judge are in the chunks: the first search loads them all, and looks again as they arrive.
  /** @type {Promise<void> | null} */
  let searching = null;
  function searchEverywhere() {
    const missing = chunksThere().filter((name) => !arrived.has(name));
    if (!missing.length || searching) return;
    page.classList.add('loading');
    searching = rendering(() => Promise.allSettled(missing.map(load)).then(() => {
      searching = null;
      page.classList.remove('loading');
      if (page.isConnected) show();
    }));
  }

  const columnsNow = () => Math.max(1, Math.floor((list.clientWidth + 16) / (NARROWEST + 16)));

  function draw(anew = false) {
    if (anew) {
      for (const card of cards.values()) card.remove();
      cards.clear();
    }
    const columns = columnsNow();
    drawn = columns;
    const rows = Math.ceil(edits.length / columns);
    list.style.height = `${rows * HEIGHT}px`;
    list.style.setProperty('--columns', columns);
    const top = Math.max(0, -list.getBoundingClientRect().top);
    const first = Math.max(0, Math.floor(top / HEIGHT) - MARGIN);
    const last = Math.min(rows, Math.ceil((top + innerHeight) / HEIGHT) + MARGIN);
    for (const [at, card] of cards) {
      if (at < first * columns || at >= last * columns) {
        if (card.contains(document.activeElement)) continue; // the one in use stays
        card.remove();
        cards.delete(at);
      }
    }
    for (let at = first * columns; at < Math.min(last * columns, edits.length); at += 1) if (!cards.has(at)) place(at, columns);
  }

  function place(at, columns) {
    const edit = edits[at];
    const card = cardOf(edit, filter);
    card.setAttribute('role', 'listitem');
    card.setAttribute('aria-setsize', edits.length);
    card.setAttribute('aria-posinset', at + 1);
    card.dataset.at = at;
    card.style.setProperty('--row', Math.floor(at / columns));
    card.style.setProperty('--column', at % columns);
    cards.get(at)?.remove();
    cards.set(at, card);
    list.append(card);
    if (!ready(edit.sample)) {
      rendering(() => loadSample(edit.sample).then(() => {
        if (cards.get(at) === card && edits[at] === edit) place(at, columns);
      }, () => card.querySelector('.body').append(h('p.failure', {}, t('chunk_missing')))));
    }
  }

  // Moves the focus among cards, also to one that does not exist yet.
  function go(at) {
    const next = Math.min(edits.length - 1, Math.max(0, at));
    const columns = Number(list.style.getPropertyValue('--columns')) || 1;
    const y = list.getBoundingClientRect().top + scrollY + Math.floor(next / columns) * HEIGHT;
    if (y < scrollY + 70 || y + HEIGHT > scrollY + innerHeight) scrollTo({top: y - 90});
    draw();
    cards.get(next)?.focus({preventScroll: true});
  }

  page.keys = (key) => {
    const columns = Number(list.style.getPropertyValue('--columns')) || 1;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement?.closest?.('.card.edit'));
    const now = focused ? Number(focused.dataset.at) : -1;
    const steps = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, j: 1, k: -1};
    if (key === '/') search.focus();
    else if (key === 'm') modes.next();
    else if (key === 'M') modes.next(-1);
    else if (key === 'b') blind.turn();
    else if (key in steps) go(now < 0 ? 0 : now + steps[key]);
    else if (key === 'Home' && now >= 0) go(0);
    else if (key === 'End' && now >= 0) go(edits.length - 1);
    else if (key === 'Enter' && focused === document.activeElement && focused) location.hash = addressOfSample(edits[now].sample);
    else return false;
    return true;
  };
  const blind = blindButton(() => update());

  const scrolled = () => (page.isConnected ? requestAnimationFrame(() => draw()) : removeEventListener('scroll', scrolled));
  addEventListener('scroll', scrolled, {passive: true});
  page.shown = () => {
    new ResizeObserver(() => draw(columnsNow() !== drawn)).observe(list);
    update();
  };
  put(page,
    h('header.hero.low', {}, h('h1', {}, t('gallery'))),
    h('div.tools', {}, h('div.filters', {}, search, rest), h('div.title', {}, modes, blind, count)),
    panel, list);
  return page;
}
