// In place of node:test: it keeps the tests, and the process that drives the browser runs them.

const tests = [];
let group = "";

export function describe(name, options, body = options) {
  const outer = group;
  group = outer + `${name}: `;
  body();
  group = outer;
}

export function test(name, body) {
  tests.push({ name: group + name, body });
}

window.testNames = () => tests.map(({ name }) => name);

/** Runs one test. Returns what went wrong, if anything did. */
window.runTest = async (index) => {
  const endings = [];
  try {
    await tests[index].body({ after: (ending) => endings.push(ending) });
    return undefined;
  } catch (error) {
    return `${error.name}: ${error.message}\n${error.stack}`;
  } finally {
    for (const ending of endings) await ending();
  }
};
