// Pages by address, the keyboard, the theme and the language.
import {aboutPage} from './about.js';
import {button, foreign, h, put, remember, s} from './dom.js';
import {failuresPage} from './failures.js';
import {galleryPage} from './gallery.js';
import {judgePage} from './judge.js';
import {leaderboardPage} from './leaderboard.js';
import {MANIFEST, OVERVIEW} from './overview.js';
import {comparePage} from './paired.js';
import {pairsPage} from './pairs.js';
import {rendering} from './rendered.js';
import {samplePage} from './sample.js';
import {state} from './state.js';
import {ChunkMissing} from './store.js';
import {inWords, t} from './words.js';

// What there is nothing to show of has no page.
const SCORED = OVERVIEW.metrics.length > 0 || !OVERVIEW.pairs;
const PAGES = {
  ...(SCORED ? {leaderboard: leaderboardPage, gallery: galleryPage, compare: comparePage} : {}), ...(OVERVIEW.pairs ? {pairs: pairsPage} : {}),
  judge: judgePage, failures: failuresPage, about: aboutPage,
};
const START = Object.keys(PAGES)[0];
/** @type {State['theme'][]} */
const THEMES = ['auto', 'light', 'dark'];

const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const where = () => {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  const [name, ...rest] = path.split('/');
  return {name: name || START, rest: rest.join('/'), query: new URLSearchParams(query ?? '')};
};

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const render = () => rendering(show);

async function show() {
  const turn = ++state.turn;
  state.address = location.hash;
  const {name, rest, query} = where();
  const back = state.page?.classList.contains('sample') && name === 'gallery';
  if (state.page?.classList.contains('gallery') && name !== 'gallery') state.galleryScroll = scrollY;
  document.documentElement.lang = state.language === 'zh' ? 'zh-CN' : 'en';
  document.documentElement.dataset.theme = state.theme;
  let made;
  try {
    made = await (name === 'sample' ? samplePage(decoded(rest)) : (PAGES[name] ?? PAGES[START])(query));
  } catch (error) {
    if (!(error instanceof ChunkMissing)) throw error;
    made = h('div', {}, h('header.hero', {}, h('h1', {}, t('chunk_missing')), h('p.note', {}, String(error.message))));
  }
  if (turn !== state.turn) return; // a later address has won
  state.page = made;
  if (name === 'gallery') state.lastGallery = location.hash;
  put(byId('app'),
    h('a.skip', {href: '#main', on: {click: (event) => {
      event.preventDefault();
      byId('main').focus();
    }}}, t('skip')),
    header(name),
    h('main#main', {tabindex: -1}, OVERVIEW.warnings.map((one) => h('p.warning', {role: 'alert'}, h('span', {'aria-hidden': 'true'}, '▲ '), foreign(inWords(one)))),
      MANIFEST.single && h('p.note.single', {}, t('single_note', MANIFEST.single)),
      MANIFEST.part && h('p.note.part', {}, t('part_note', MANIFEST.part)), made),
    help);
  document.title = `${t(name in PAGES ? titles[name] : name === 'sample' ? 'sample' : titles[START])} · ${OVERVIEW.title} · editloupe`;
  showTab();
  made.shown?.();
  scrollTo({top: back ? state.galleryScroll : 0}); // back from a sample, the gallery is where it was
}

// On a phone the tabs scroll: the one that is open is in view.
function showTab() {
  const tab = /** @type {HTMLElement | null} */ (document.querySelector('.top nav [aria-current]'));
  const tabs = tab?.parentElement;
  if (tab && tabs) tabs.scrollLeft = tab.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - tab.offsetWidth) / 2;
}

const titles = {leaderboard: 'leaderboard', gallery: 'gallery', compare: 'compare', pairs: 'pairs_page', judge: 'judge_name', failures: 'failures', about: 'about'};

function header(now) {
  const failed = OVERVIEW.failures.reduce((sum, one) => sum + one.count, 0);
  return h('header.top', {},
    h('a.brand', {href: `#/${START}`}, logo(), h('span', {}, 'editloupe')),
    h('nav', {'aria-label': t('report')}, Object.keys(PAGES).map((name) => h('a', {
      href: name === 'gallery' ? state.lastGallery : `#/${name}`, 'aria-current': name === now || (now === 'sample' && name === 'gallery') ? 'page' : null,
    }, t(titles[name]), name === 'failures' && failed ? h('sup.bad', {}, String(failed)) : null))),
    h('div.switches', {},
      button(state.language === 'zh' ? 'English' : '中文', () => setLanguage(), {class: 'button plain-button', lang: state.language === 'zh' ? 'en' : 'zh-CN', title: `${t('language')} (l)`}),
      button(t(`theme_${state.theme}`), () => setTheme(), {title: `${t('theme')} (t)`, class: 'button plain-button'}),
      button('?', () => toggleHelp(), {'aria-label': t('keyboard'), class: 'button plain-button'})));
}

function logo() {
  const line = {fill: 'none', stroke: 'currentColor', 'stroke-linecap': 'round'};
  return s('svg', {width: 22, height: 22, viewBox: '0 0 22 22', 'aria-hidden': 'true'},
    s('circle', {...line, cx: 9.5, cy: 9.5, r: 7, 'stroke-width': 2.4}), s('path', {...line, d: 'M15 15l5 5', 'stroke-width': 2.8}),
    s('path', {...line, d: 'M6.2 9.5a3.3 3.3 0 0 1 3.3-3.3', 'stroke-width': 1.6}));
}

function setLanguage() {
  state.language = state.language === 'zh' ? 'en' : 'zh';
  remember('language', state.language);
  buildHelp();
  render();
}

function setTheme() {
  state.theme = THEMES[(THEMES.indexOf(state.theme) + 1) % THEMES.length];
  remember('theme', state.theme);
  document.documentElement.dataset.theme = state.theme;
  const {name} = where();
  document.querySelector('header.top')?.replaceWith(header(name));
  showTab();
}

const help = h('dialog.help', {});

function buildHelp() {
  const keys = [
    [`1 … ${Object.keys(PAGES).length}`, 'key_pages'], ['j k  ← → ↑ ↓', 'key_move'], ['Enter', 'key_open'], ['Esc', 'key_back'], ['m', 'key_mode'],
    ['/', 'key_search'], ['b', 'key_blind'], ['l', 'language'], ['t', 'theme'], ['?', 'keyboard'],
  ];
  put(help, h('h2', {}, t('keyboard')), h('dl', {}, keys.map(([key, name]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, t(name))])),
    button(t('close'), () => help.close()));
}

function toggleHelp() {
  if (help.open) help.close();
  else help.showModal();
}

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const typing = /** @type {any} */ (event.target)?.closest?.('input, select, textarea');
  if (typing) {
    if (event.key === 'Escape') typing.blur();
    return;
  }
  const pages = Object.keys(PAGES);
  if (event.key === '?') toggleHelp();
  else if (help.open) return;
  else if (state.page?.keys?.(event.key)) event.preventDefault();
  else if (event.key >= '1' && event.key <= String(pages.length)) location.hash = `#/${pages[Number(event.key) - 1]}`;
  else if (event.key === 'l') setLanguage();
  else if (event.key === 't') setTheme();
  else return;
  event.preventDefault();
});

// Keys that follow each other quickly bring several events of one address: it is shown once.
addEventListener('hashchange', () => location.hash !== state.address && render());
buildHelp();
render();
