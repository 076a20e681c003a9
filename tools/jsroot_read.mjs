// Reads files of events with JSROOT: node tools/jsroot_read.mjs FOLDER_OF_JSROOT FILE.root COLUMN ...
// Prints JSON: the number of entries and the sum of each column, of the TTree or the RNTuple `events`.
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { readFileSync } from 'node:fs';

const [folder, file, ...columns] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(resolve(folder, 'modules', `${name}.mjs`)).href);
const { openFile, addUserStreamer } = await load('io');
const { treeProcess, TSelector } = await load('tree');
const { rntupleProcess } = await load('rntuple');

// uproot describes no classes in its files, and JSROOT takes the layout of an RNTuple's anchor from there
addUserStreamer('ROOT::RNTuple', (buf, obj) => {
   obj.$kind = 'ROOT::RNTuple';
   obj.$file = buf.fFile;
   for (const part of ['Epoch', 'Major', 'Minor', 'Patch']) obj[`fVersion${part}`] = buf.ntou2();
   for (const block of ['Header', 'Footer'])
      for (const part of ['fSeek', 'fNBytes', 'fLen']) obj[part + block] = Number(buf.ntou8());
   obj.fMaxKeySize = Number(buf.ntou8());
});

const bytes = readFileSync(file);
const root = await openFile(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
const events = await root.readObject('events');
const sums = Object.fromEntries(columns.map((name) => [name, 0]));
let entries = 0;
const selector = new TSelector();
for (const name of columns) selector.addBranch(name);
selector.Process = function () {
   entries += 1;
   for (const name of columns) sums[name] += Number(this.tgtobj[name]);
};
await (events._typename === 'TTree' ? treeProcess : rntupleProcess)(events, selector);
const metadata = await root.readObject('metadata');
const { coupling } = JSON.parse(metadata.fString);
console.log(JSON.stringify({ kind: events._typename, entries, sums, coupling }));
