// Elements from plain calls. Text becomes text nodes, so nothing that a study says can become markup.

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, given, children) {
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'on') for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else if (name === 'css') for (const [property, one] of Object.entries(value)) node.style.setProperty(property, one);
    else if (name === 'value') node.value = value;
    else if (name === 'checked') node.checked = true;
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...real(children));
  return node;
}

// Children may be lists, and nothing where there is nothing to show.
export const real = (children) => children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false);
export const put = (node, ...children) => node.replaceChildren(...real(children));

/**
 * h('p#id.note', {title: '…'}, 'text', other) -> an element; words after dots are its classes.
 *
 * @param {string} what
 * @param {Record<string, any>} [given]
 * @param {...Child} children
 * @returns {any}
 */
export function h(what, given = {}, ...children) {
  const [name, ...classes] = what.split('.');
  const [tag, id] = name.split('#');
  const node = document.createElement(tag);
  if (id) node.id = id;
  if (classes.length) node.className = classes.join(' ');
  return fill(node, given, children);
}

export function s(what, given = {}, ...children) {
  const [tag, ...classes] = what.split('.');
  const node = document.createElementNS(SVG, tag);
  if (classes.length) node.setAttribute('class', classes.join(' '));
  return fill(node, given, children);
}

// Foreign text in a line of ours: its own direction, never ours.
export const foreign = (text, what = 'bdi') => h(what, {dir: 'auto'}, text);

export function button(label, act, given = {}) {
  return h('button.button', {type: 'button', ...given, on: {click: act}}, label);
}

export function select(label, options, chosen, act) {
  const box = h('select', {'aria-label': label, on: {change: () => act(box.value)}},
    options.map(([value, text, title]) => h('option', {value, title, selected: String(value) === String(chosen)}, text)));
  return h('label.choice', {}, h('span', {}, label), box);
}

// The data of one of the page's blocks.
export const dataOf = (id) => JSON.parse(document.getElementById(id)?.textContent ?? 'null');

export function remembered(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(`editloupe:${name}`) ?? 'null') ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`editloupe:${name}`, JSON.stringify(value));
    return true;
  } catch {
    return false; // a browser that keeps nothing for pages from disk
  }
}
