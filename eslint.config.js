// The report's program runs in browsers as it is written: no build step, so the linter is what reads it first.
import js from '@eslint/js';
import globals from 'globals';

export default [
  {ignores: ['.venv/']},  // packages there bring scripts and directives of their own
  {
    ...js.configs.recommended,
    files: ['src/editloupe/report/app/*.js'],
    linterOptions: {reportUnusedDisableDirectives: 'error'},
    languageOptions: {ecmaVersion: 2022, sourceType: 'module', globals: {...globals.browser}},
    rules: {
      ...js.configs.recommended.rules,
      'consistent-return': 'error',
      eqeqeq: 'error',
      'no-implied-eval': 'error',
      'no-shadow': 'error',
      'no-unused-vars': ['error', {argsIgnorePattern: '^_'}],
      'no-use-before-define': ['error', {functions: false, variables: false}],
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
    },
  },
];
