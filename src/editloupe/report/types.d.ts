// What Python hands to the page, and what the page makes of it: only for the type checker, never loaded.
type Child = Node | string | number | null | undefined | false | Child[];

/** n, failed, mean, low, high, mean if failures count as worst */
type Estimate = [number, number, number | null, number | null, number | null, number | null];

/** English, Chinese */
type Words = [string, string];

interface Scale {
  low: number;
  high: number;
  worst: number;
}

interface Editor {
  name: string;
  short: string;
  signature: string;
  overall: Estimate;
  bounds: [number, number] | null;
  categories: Estimate[];
  metrics: {overall: Estimate; categories: Estimate[]}[];
  aggregates: Record<string, Estimate>;
}

interface Comparison {
  a: string;
  b: string;
  n: number;
  difference: number | null;
  ci95: [number, number] | null;
  p: number | null;
  p_corrected: number | null;
  significant: boolean;
  significant_corrected: boolean;
  detectable: number | null;
  clusters: number;
  win: number;
  tie: number;
  loss: number;
  only_a: number;
  only_b: number;
  neither: number;
  categories?: Record<string, Comparison>;
}

interface FailureCount {
  editor: number;
  stage: string;
  kind: string;
  count: number;
  unit: 'edit' | 'score';
  examples: {sample: string; message: string; attempts: number; retryable: boolean}[];
}

interface ReplyCount {
  stage: string;
  name: string;
  count: number;
  examples: {editor: string; sample: string; words: string; message: string}[];
}

interface Reading {
  version: number;
  before: number | null;
  changed: number;
  examples: {
    editor: string;
    sample: string;
    metric: string;
    before: number | null;
    before_kind: string | null;
    now: number | null;
    now_kind: string | null;
    why: string | null;
  }[];
}

interface Overview {
  version: string;
  signature: string;
  language: 'en' | 'zh';
  title: string;
  benchmark: {name: string; revision: string; samples: number; limited: Words | null; categories: {id: string; label: Words; samples: number}[]};
  judge: {name: string; signature: string; greedy: Words};
  warnings: Words[];
  too_few: Words;
  rubric: string;
  scale: Scale;
  metrics: ({name: string} & Scale)[];
  editors: Editor[];
  comparisons: {pairs: Comparison[]; rank_ranges: Record<string, [number, number]>; cliques: [number, number][]};
  robust: Words[];
  aggregates: {name: string; variant: string; note: string; values: Estimate[]}[];
  card: string;
  judge_card: any;
  sanity: any;
  histograms: {metric: string; edges: number[]; counts: number[][]}[];
  failed: Words;
  failures: FailureCount[];
  replies: {asked: number; thoughts: number; read: ReplyCount[]; lost: ReplyCount[]};
  reading: Reading | null;
  unreadable: {count: number; shown: {editor: number; sample: string; metric: string; kind: string; words: string}[]};
  speed: Record<string, {items: number; seconds: number; rate: number; memory: number | null} | null>;
  hardware: Record<string, Record<string, string>>;
  cost: Record<string, Record<string, any>>;
  versions: Record<string, string>;
  config: string;
  drawn: {samples: string[]; editors: number[]} | null;
  audit: any;
  probe: any;
  pairs: any;
}

interface Manifest {
  files: Record<string, string>;
  per_chunk: number;
  single: {shown: number; all: number} | null;
  part: {shown: number; all: number} | null;
}

interface Edit {
  sample: Sample;
  at: number;
  editor: number;
  draw: number;
  overall: number | null;
  scores: (number | null)[];
  kind: number;
  key: string;
  split: number;
  text?: string;
  complete?: boolean;
}

interface Sample {
  at: number;
  id: string;
  category: number;
  groups: number[];
  text: string;
  edits: Edit[];
  spread: number;
}

interface Index {
  kinds: string[];
  groups: [string, string[]][];
  samples: Sample[];
  byId: Map<string, Sample>;
}

interface State {
  language: 'en' | 'zh';
  theme: 'auto' | 'light' | 'dark';
  blind: boolean;
  mode: 'side' | 'slider' | 'flicker' | 'difference' | 'loupe';
  flicker: {timer?: number; before: boolean};
  board: {metric: number; sort: string | number; down: boolean};
  index: Index;
  page: any;
  address: string;
  turn: number;
  lastGallery: string;
  galleryScroll: number;
  shownEdits: Edit[] | null;
  rater: string;
  ratings: Map<string, any>;
}

interface Window {
  trustedTypes?: {createPolicy(name: string, rule: object): {createScriptURL(text: string): string}};
  editloupe(name: string, data: any): void;
}
