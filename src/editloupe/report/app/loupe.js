// Source and edit, looked at together: side by side, with a slider, flickering, as their difference, or under a loupe
// that shows the same place of both.
import {h, put, remember} from './dom.js';
import {MANIFEST} from './overview.js';
import {state} from './state.js';
import {t} from './words.js';

const MODES = ['side', 'slider', 'flicker', 'difference', 'loupe'];
const PERIOD = 700; // milliseconds between two flickers
const MAGNIFIED = 3;

export function modeBar(act) {
  const bar = h('div.modes', {role: 'radiogroup', 'aria-label': t('compare_images')});
  const show = () => put(bar, MODES.map((one) => h('button.mode', {
    type: 'button', role: 'radio', 'aria-checked': String(one === state.mode), on: {click: () => setMode(one)},
  }, t(`mode_${one}`))));
  const setMode = (one) => {
    state.mode = one;
    remember('mode', state.mode);
    show();
    act();
  };
  bar.next = (step = 1) => setMode(MODES[(MODES.indexOf(state.mode) + step + MODES.length) % MODES.length]);
  show();
  return bar;
}

export function picture(image, label, large) {
  if (!image || !image.small) return h('span.none', {}, t('no_image'));
  return h('img', {src: large && image.large && !MANIFEST.single ? image.large : image.small, alt: label, loading: 'lazy', decoding: 'async', draggable: 'false'});
}

export function pair(source, edited, name, large = false) {
  const before = () => picture(source, `${t('source')} ${name}`, large);
  const after = () => picture(edited, `${t('edited')} ${name}`, large);
  if (!edited?.small || !source?.small) {
    return h('div.pair.side', {}, h('span.frame', {}, before()), h('span.frame', {}, after()));
  }
  if (state.mode === 'slider') return sliderPair(before(), after());
  if (state.mode === 'flicker') return flickerPair(before(), after());
  if (state.mode === 'difference') {
    return h('div.pair.over', {}, h('span.frame.difference', {}, before(), after()), caption(t('mode_difference')));
  }
  if (state.mode === 'loupe') return loupePair(before(), after(), large);
  return h('div.pair.side', {},
    h('span.frame', {}, before(), caption(t('source'))), h('span.frame', {}, after(), caption(t('edited'))));
}

const caption = (text) => h('span.caption', {'aria-hidden': 'true'}, text);

function sliderPair(before, after) {
  const frame = h('span.frame.slider', {css: {'--at': '50%'}}, after, h('span.under', {}, before), h('i.divider', {'aria-hidden': 'true'}));
  const input = h('input.slide', {type: 'range', min: 0, max: 100, value: 50, 'aria-label': t('slider_label'), on: {
    input: () => frame.style.setProperty('--at', `${input.value}%`),
    click: (event) => event.stopPropagation(),
  }});
  return h('div.pair.over', {}, frame, input, h('span.caption', {}, t('source')), h('span.caption.right', {}, t('edited')));
}

function flickerPair(before, after) {
  const label = h('span.caption', {}, t('edited'));
  const frame = h('span.frame.flicker', {}, after, h('span.under', {}, before));
  const one = h('div.pair.over.flickering', {}, frame, label);
  one.flick = () => {
    frame.classList.toggle('before', state.flicker.before);
    label.textContent = state.flicker.before ? t('source') : t('edited');
  };
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (still) frame.addEventListener('pointerdown', () => { state.flicker.before = !state.flicker.before; one.flick(); });
  else state.flicker.timer ??= setInterval(() => {
    const all = /** @type {NodeListOf<any>} */ (document.querySelectorAll('.flickering'));
    if (all.length === 0) {
      clearInterval(state.flicker.timer);
      state.flicker.timer = undefined;
      return;
    }
    state.flicker.before = !state.flicker.before;
    for (const each of all) each.flick?.();
  }, PERIOD);
  return one;
}

function loupePair(before, after, large) {
  const sides = [[before, t('source')], [after, t('edited')]].map(([image, label]) => {
    const copy = image.cloneNode();
    copy.removeAttribute('loading');
    copy.alt = '';
    const lens = h('span.lens', {hidden: true}, copy);
    return {frame: h('span.frame', {}, image, lens, caption(label)), lens, copy};
  });
  const move = (event, frame) => {
    const box = frame.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    for (const side of sides) {
      const radius = side.lens.offsetWidth / 2 || 60;
      side.lens.hidden = false;
      side.lens.style.transform = `translate(${x - radius}px, ${y - radius}px)`;
      side.copy.style.width = `${box.width}px`;
      side.copy.style.height = `${box.height}px`;
      side.copy.style.transform = `translate(${radius - x * MAGNIFIED}px, ${radius - y * MAGNIFIED}px) scale(${MAGNIFIED})`;
    }
  };
  for (const side of sides) {
    side.frame.addEventListener('pointermove', (event) => move(event, side.frame));
    side.frame.addEventListener('pointerleave', () => { for (const one of sides) one.lens.hidden = true; });
  }
  return h(`div.pair.side.looking${large ? '.large' : ''}`, {}, sides.map((side) => side.frame));
}
