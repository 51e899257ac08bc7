// The one way to make a table: a head of columns, rows of cells under it, in a frame that scrolls by itself while the
// heads of rows and columns stay. Editors are rows everywhere, so that many of them make a table longer and not wider.
import {h} from './dom.js';

/**
 * @typedef {object} Column
 * @property {Child} label what stands in the head
 * @property {string} [look] classes of its cells, each after a dot
 * @property {string} [title]
 */

/**
 * @param {(Column | Child)[] | null} columns none where the rows speak for themselves; a `th` is taken as it is
 * @param {({look?: string, cells: Child[]} | Child[])[]} rows the first cell is the row's head; a `td` or `th` is taken as it is
 * @param {{look?: string, frame?: string, groups?: {label: Child, span: number}[]}} [given] classes of the table and of
 *   its frame, and heads above groups of columns
 */
export function table(columns, rows, {look = '', frame = '.card', groups = []} = {}) {
  const known = columns?.map(columnOf) ?? [];
  return h(`div${frame}.scroll`, {}, h(`table${look}`, {},
    columns && h('thead', {},
      groups.length > 0 && h('tr', {}, h('td'), groups.map((group) => h('th.group', {colspan: group.span, scope: 'colgroup'}, group.label))),
      h('tr', {}, known.map(headOf))),
    h('tbody', {}, rows.map((row) => (Array.isArray(row) ? {look: '', cells: row} : row)).map((row) => h(`tr${row.look ?? ''}`, {},
      row.cells.filter((cell) => cell !== false).map((cell, at) => cellOf(cell, known[at], at)))))));
}

const columnOf = (column) => (column instanceof Node || typeof column !== 'object' ? {label: column} : column);

function headOf({label, look = '', title}) {
  if (label instanceof HTMLTableCellElement) return label;
  return h(`th${look}`, label === '' ? {} : {scope: 'col', title}, label);
}

function cellOf(cell, column, at) {
  if (cell instanceof HTMLTableCellElement) return cell;
  return at === 0 ? h('th', {scope: 'row'}, cell) : h(`td${column?.look ?? ''}`, {}, cell);
}

// A column's head that sorts by it: `act(column, down)`.
export function heading(label, column, sorting, act, given = {}) {
  const chosen = sorting.sort === column;
  return h('th', {scope: 'col', 'aria-sort': chosen ? (sorting.down ? 'descending' : 'ascending') : 'none', ...given},
    h('button.sorter', {type: 'button', on: {
      click: () => act(column, chosen ? !sorting.down : column !== 'name'),
    }}, label, h('i', {'aria-hidden': 'true'}, chosen ? (sorting.down ? '↓' : '↑') : '')));
}

// A column of numbers.
export const num = (label, given = {}) => ({label, look: '.num', ...given});
