// Builds the files that the crate serves, in dist/, from the sources in src/.
//
//     npm ci && npm run build
//
// `node build.mjs --check` builds them in memory, and fails if dist/ has others.

import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const DIST = path.join(HERE, "dist");

/**
 * A script that also is a module of CommonJS and AMD. The bundle calls `publish` with its value.
 */
const script = (name) => ({
  format: "iife",
  banner: {
    js: '(function(root,define){'
      + 'if(typeof exports==="object"&&typeof module!=="undefined")define(function(value){module.exports=value});'
      + 'else if(typeof root.define==="function"&&root.define.amd)root.define([],function(){var made;define(function(value){made=value});return made});'
      + `else define(function(value){root.${name}=value})`
      + '})(typeof globalThis==="object"?globalThis:self,function(publish){',
  },
  footer: { js: "});" },
});

/**
 * Names of the client's own, which the minified files shorten: those with an underscore, and these.
 * What the add-on and the client know of each other keeps its name. `_placeholder` is of the protocol.
 */
const OWN_NAMES = [
  "abandon", "answered", "callbacks", "checkPulse", "checkRoom", "emitReserved", "errorFirst", "forget", "handled",
  "isAlive", "isAsked", "isHeld", "isKept", "isLeft", "isRenewed", "joining", "nextId", "settle", "subscription", "wasHeld",
];
const minified = {
  minify: true,
  mangleProps: new RegExp(`^(_[a-z].*|${OWN_NAMES.join("|")})$`),
  reserveProps: /^_(addOn|channelList|isKept|isReady|placeholder|progress|request)$/,
};

const FILES = [
  { outfile: "socket.io.js", entry: "browser.js", ...script("io") },
  { outfile: "socket.io.min.js", entry: "browser.js", ...minified, ...script("io") },
  { outfile: "socket.io.esm.min.js", entry: "index.js", ...minified, format: "esm" },
  { outfile: "channels.js", entry: "channels/browser.js", ...script("channels") },
  { outfile: "channels.min.js", entry: "channels/browser.js", ...minified, ...script("channels") },
  { outfile: "channels.esm.min.js", entry: "channels/channels.js", ...minified, format: "esm" },
];

async function outputs() {
  const made = new Map();
  for (const { outfile, entry, ...options } of FILES) {
    const { outputFiles } = await build({
      absWorkingDir: HERE,
      entryPoints: [`src/${entry}`],
      outfile: `dist/${outfile}`,
      bundle: true,
      write: false,
      sourcemap: true,
      target: ["es2022"],
      legalComments: "inline",
      charset: "utf8",
      ...options,
    });
    for (const { path: name, contents } of outputFiles) made.set(path.basename(name), contents);
  }
  return made;
}

async function differences(made) {
  const names = new Set([...made.keys(), ...(await readdir(DIST))]);
  const found = [];
  for (const name of names) {
    const committed = await readFile(path.join(DIST, name)).catch(() => undefined);
    const built = made.get(name);
    if (!committed || !built || !committed.equals(built)) found.push(name);
  }
  return found;
}

const made = await outputs();
if (process.argv.includes("--check")) {
  const found = await differences(made);
  if (found.length > 0) {
    console.error(`not what src/ gives: ${found.join(", ")}. Run: npm --prefix client run build`);
    process.exit(1);
  }
  console.log(`${made.size} files of dist/ are what src/ gives`);
} else {
  await rm(DIST, { recursive: true, force: true });
  await mkdir(DIST);
  for (const [name, contents] of made) await writeFile(path.join(DIST, name), contents);
  for (const name of made.keys()) console.log(name);
}
