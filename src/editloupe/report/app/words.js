// The page's own words, in two languages, and how numbers are written.
import {dataOf} from './dom.js';
import {state} from './state.js';

/** @type {Record<string, Words>} */
export const WORDS = dataOf('words');

export const inWords = (pair) => pair[state.language === 'zh' ? 1 : 0];

export function t(key, values = {}) {
  return inWords(WORDS[key]).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

export const number = (value, digits = 2) => (value === null || value === undefined ? '–' : value.toFixed(digits));
export const signed = (value, digits = 2) =>
  value === null || value === undefined ? '–' : `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
export const range = (low, high, digits = 2) => (low === null || low === undefined ? '–' : `${number(low, digits)} – ${number(high, digits)}`);
export const percent = (share, digits = 0) => (share === null || share === undefined ? '–' : `${(100 * share).toFixed(digits)} %`);
export const probability = (p) => (p === null || p === undefined ? '–' : p < 0.001 ? '< 0.001' : p.toFixed(3));
export const metricName = (name) => (name ? name.replaceAll('_', ' ') : t('overall'));
