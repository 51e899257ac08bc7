// The mark that all of an address is shown: `data-rendered` of the root element holds the address, and is away while
// anything is still on its way. Who waits for the page (a test, a person who prints it by a program) waits for that.
let open = 0;

function begin() {
  open += 1;
  delete document.documentElement.dataset.rendered;
}

function end() {
  open -= 1;
  if (open === 0) document.documentElement.dataset.rendered = location.hash;
}

/**
 * Runs `work` with the mark away, until it is done.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function rendering(work) {
  begin();
  try {
    return await work();
  } finally {
    end();
  }
}
