// Everything that changes while the page is open and that more than one file reads: here, and nowhere else.
import {remembered} from './dom.js';
import {OVERVIEW} from './overview.js';

export const RATINGS = `ratings:${OVERVIEW.signature}`;

/** @type {State} */
export const state = /** @type {any} */ ({
  language: remembered('language', OVERVIEW.language),
  theme: remembered('theme', 'auto'),
  blind: false,
  mode: remembered('mode', 'side'), // how source and edit are compared
  flicker: {before: false}, // one clock for all pairs, so that they flicker together
  board: {metric: -1, sort: 'mean', down: true}, // what the leaderboard shows, and in which order
  index: null, // of all samples, once it is loaded
  page: null, // the page's element that is shown
  address: null, // of what is shown, or about to be
  turn: 0, // counts renderings: a later one wins
  lastGallery: '#/gallery', // where a sample's page leads back to
  galleryScroll: 0,
  shownEdits: null, // what the gallery showed last, in its order: next and previous of a sample follow it
  rater: remembered('rater', ''),
  ratings: new Map(remembered(RATINGS, [])),
});
