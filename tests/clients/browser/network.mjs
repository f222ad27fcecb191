// In place of tests/clients/official/network.mjs: the network is in the process that drives the
// browser.

export async function networkTo(t, url) {
  const { id, url: there } = await window.openNetwork(url);
  t.after(() => window.changeNetwork(id, "close"));
  const change = (what) => () => window.changeNetwork(id, what);
  return { url: there, fail: change("fail"), mend: change("mend") };
}
