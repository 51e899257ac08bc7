// The study's data. The overview stands in the page; the index and the samples come as scripts, which a page from disk
// may load where it may not fetch.
import {MANIFEST, METRICS, OVERVIEW} from './overview.js';
import {state} from './state.js';

const PER_CHUNK = Number(MANIFEST.per_chunk);

// The one way from a text to a script, and the only addresses that it takes.
const rule = {
  createScriptURL(text) {
    if (/^report-data\/[a-z0-9-]+\.js\?[0-9a-f]+$/.test(text)) return text;
    throw new TypeError(`not a chunk of this report: ${text}`);
  },
};
const policy = window.trustedTypes ? window.trustedTypes.createPolicy('editloupe', rule) : rule;

export class ChunkMissing extends Error {}

export const arrived = new Map();
const waiting = new Map();

window.editloupe = (name, data) => {
  arrived.set(name, data);
  waiting.get(name)?.resolve(data);
};

export function load(name) {
  if (!waiting.has(name)) {
    const one = {};
    one.promise = new Promise((resolve, reject) => Object.assign(one, {resolve, reject}));
    waiting.set(name, one);
    const inside = document.getElementById(name);
    if (inside) window.editloupe(name, JSON.parse(inside.textContent));
    else {
      const script = document.createElement('script');
      script.src = policy.createScriptURL(`report-data/${name}.js?${MANIFEST.files[name]}`);
      script.addEventListener('error', () => {
        waiting.delete(name); // a later look tries again
        one.reject(new ChunkMissing(name));
      });
      document.head.append(script);
    }
  }
  return waiting.get(name).promise;
}

// The index as objects: one per sample, and one per edit. `INDEX.samples[i].edits[j].at` is j.
export async function loadIndex() {
  if (state.index) return state.index;
  const raw = await load('index');
  const samples = raw.samples.map((row, at) => {
    /** @type {Sample} */
    const sample = {at, id: row.id, category: row.c, groups: row.g, text: row.t, edits: [], spread: -1};
    sample.edits = row.e.map(([editor, draw, overall, scores, kind], place) => ({
      sample, at: place, editor, draw, overall, scores, kind,
      key: `${row.id}\u0000${editor}\u0000${draw}`,
    }));
    const known = sample.edits.map((edit) => edit.overall).filter((one) => one !== null);
    sample.spread = known.length > 1 ? Math.max(...known) - Math.min(...known) : -1;
    return sample;
  });
  for (const sample of samples) for (const edit of sample.edits) edit.split = splitOf(edit);
  state.index = {kinds: raw.kinds, groups: raw.groups, samples, byId: new Map(samples.map((one) => [one.id, one]))};
  return state.index;
}

// How far the metrics of one edit disagree, as a share of their scales.
function splitOf(edit) {
  const places = edit.scores.flatMap((score, metric) => (score === null ? [] : [share(score, METRICS[metric])]));
  return places.length > 1 ? Math.max(...places) - Math.min(...places) : -1;
}

export const share = (value, scale) =>
  scale.high <= scale.low ? 0 : Math.min(1, Math.max(0, (value - scale.low) / (scale.high - scale.low)));

const chunkOf = (sample) => `samples-${String(Math.floor(sample.at / PER_CHUNK)).padStart(4, '0')}`;
export const ready = (sample) => arrived.get(chunkOf(sample))?.[sample.at % PER_CHUNK];
export const loadSample = async (sample) => (await load(chunkOf(sample)))[sample.at % PER_CHUNK];
export const chunksThere = () => Object.keys(MANIFEST.files).filter((name) => name.startsWith('samples-'));
export const scoreOf = (edit, metric) => (metric < 0 ? edit.overall : edit.scores[metric]);
export const scaleOf = (metric) => (metric < 0 ? OVERVIEW.scale : METRICS[metric]);
