// What people say about edits: kept in the browser, downloaded as JSON, read by `editloupe audit CONFIG --human FILE`.
import {button, h, put, remember} from './dom.js';
import {EDITORS, OVERVIEW} from './overview.js';
import {RATINGS, state} from './state.js';
import {t} from './words.js';

const heard = new Set();
const onRating = (act) => heard.add(act);

// At most 11 steps: the whole points of the scale where it has so few.
function steps() {
  const {low, high} = OVERVIEW.scale;
  const span = high - low;
  const count = Number.isInteger(span) && span <= 10 ? span : 10;
  return Array.from({length: count + 1}, (_, at) => Math.round((low + (span * at) / count) * 100) / 100);
}

function rate(edit, digest, change) {
  const before = state.ratings.get(edit.key) ?? {score: null, flag: ''};
  const now = {
    editor: EDITORS[edit.editor].name, sample: edit.sample.id, image: digest, score: before.score, flag: before.flag,
    ...change, blind: state.blind, at: new Date().toISOString(),
  };
  if (now.score === null && !now.flag) state.ratings.delete(edit.key);
  else state.ratings.set(edit.key, now);
  const kept = remember(RATINGS, [...state.ratings]);
  for (const act of heard) act(edit, kept);
}

function downloadRatings() {
  const data = {
    editloupe: 'ratings 1', signature: OVERVIEW.signature, rater: state.rater, low: OVERVIEW.scale.low, high: OVERVIEW.scale.high,
    ratings: [...state.ratings.values()],
  };
  const link = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], {type: 'application/json'}));
  h('a', {href: link, download: `ratings-${(state.rater || 'mine').replace(/[^\p{L}\p{N}_-]+/gu, '-')}.json`}).click();
  setTimeout(() => URL.revokeObjectURL(link), 10_000);
}

export function ratingRow(edit, digest) {
  const mine = () => state.ratings.get(edit.key);
  const row = h('div.rating', {role: 'group', 'aria-label': t('rate')});
  const show = () => {
    const now = mine();
    put(row,
      h('span.rating-label', {}, t('your_rating')),
      h('span.steps', {}, steps().map((step) => h('button.step', {
        type: 'button', 'aria-pressed': String(now?.score === step), on: {
          click: () => {
            rate(edit, digest, {score: now?.score === step ? null : step});
            show();
          },
        },
      }, String(step)))),
      h('button.step.flag', {
        type: 'button', 'aria-pressed': String(Boolean(now?.flag)), title: t('flag_help'), on: {
          click: () => {
            rate(edit, digest, {flag: now?.flag ? '' : t('flagged')});
            show();
          },
        },
      }, '⚑ ', t('flag')),
      now?.flag && h('input.flag-text', {
        value: now.flag, 'aria-label': t('flag_text'), maxlength: 500, on: {change: (event) => rate(edit, digest, {flag: event.target.value})},
      }),
    );
  };
  show();
  return row;
}

export function ratingPanel() {
  const count = h('b', {}, String(state.ratings.size));
  const name = h('input', {value: state.rater, placeholder: t('rater_name'), 'aria-label': t('rater_name'), on: {
    input: () => {
      state.rater = name.value;
      remember('rater', state.rater);
    },
  }});
  const save = button(t('download'), downloadRatings);
  save.disabled = state.ratings.size === 0;
  const warning = h('span.bad', {hidden: true}, t('not_kept'));
  heard.clear();
  onRating((_, kept) => {
    count.textContent = String(state.ratings.size);
    save.disabled = state.ratings.size === 0;
    warning.hidden = kept;
  });
  return h('div.ratings', {},
    h('span', {}, count, ' ', t('ratings')), name, save, warning,
    h('span.soft', {}, t('ratings_help')), h('code', {}, 'editloupe audit CONFIG --human ratings.json'));
}
