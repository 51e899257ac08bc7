// What the page begins with: the numbers of the study and the names of its chunks, as Python wrote them.
import {dataOf} from './dom.js';

/** @type {Overview} */
export const OVERVIEW = dataOf('overview');
/** @type {Manifest} */
export const MANIFEST = dataOf('manifest');
export const EDITORS = OVERVIEW.editors;
export const METRICS = OVERVIEW.metrics;
export const CATEGORIES = OVERVIEW.benchmark.categories;
export const DRAWN = OVERVIEW.drawn;
