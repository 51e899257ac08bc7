// The page's own words, in two languages, and how numbers are written.
const WORDS = JSON.parse(document.getElementById('words').textContent);
const OVERVIEW = JSON.parse(document.getElementById('overview').textContent);
const state = {language: remembered('language', OVERVIEW.language), theme: remembered('theme', 'auto'), blind: false};

const inWords = (pair) => pair[state.language === 'zh' ? 1 : 0];

function t(key, values = {}) {
  return inWords(WORDS[key]).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

const number = (value, digits = 2) => (value === null || value === undefined ? '–' : value.toFixed(digits));
const signed = (value, digits = 2) =>
  value === null || value === undefined ? '–' : `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
const range = (low, high, digits = 2) => (low === null || low === undefined ? '–' : `${number(low, digits)} – ${number(high, digits)}`);
const percent = (share, digits = 0) => (share === null || share === undefined ? '–' : `${(100 * share).toFixed(digits)} %`);
const probability = (p) => (p === null || p === undefined ? '–' : p < 0.001 ? '< 0.001' : p.toFixed(3));
const metricName = (name) => (name ? name.replaceAll('_', ' ') : t('overall'));
