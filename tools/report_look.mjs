// Looks at a page of `darkmc report` in headless Chromium: console, network, what is under the pointer, what a click shows.
// npm install puppeteer-core @sparticuz/chromium, then: node report_look.mjs /FULL/PATH/report.html /FULL/PATH/shot
import chromium from "@sparticuz/chromium";
import puppeteer from "puppeteer-core";

const [page, shot] = process.argv.slice(2);
const browser = await puppeteer.launch({
  args: [...chromium.args, "--no-sandbox"],
  executablePath: await chromium.executablePath(),
  headless: "shell",
  defaultViewport: { width: 1150, height: 1100 },
});
const tab = await browser.newPage();
const faults = [];
tab.on("console", (message) => {
  if (["error", "warn", "warning"].includes(message.type())) { faults.push(message.text()); }
});
tab.on("pageerror", (error) => faults.push(error.message));
tab.on("request", (request) => {
  if (!/^(file|data):/.test(request.url())) { faults.push(`network: ${request.url()}`); }
});
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
await tab.goto(`file://${page}`, { waitUntil: "load" });
await wait(3000);

// a point of the first curve, where the screen has it, and what its columns say
const point = await tab.evaluate(() => {
  const figure = Bokeh.documents[0].get_model_by_name("exclusion");
  const root = Object.values(Bokeh.index)[0] ?? [...Bokeh.index][0];
  const find = (view) => {
    if (view.model === figure) { return view; }
    for (const child of view.child_views ?? []) {
      const found = find(child);
      if (found) { return found; }
    }
    return null;
  };
  const view = find(root);
  const data = figure.renderers.find((one) => one.glyph.type === "Scatter").data_source.data;
  const box = view.canvas_view.el.getBoundingClientRect();
  return {
    x: box.left + view.frame.x_scale.compute(data.mass[0]),
    y: box.top + view.frame.y_scale.compute(data.coupling[0]),
    wanted: [data.lower[0], data.mass_text[0], data.name[0]],
  };
});
await tab.mouse.move(point.x, point.y);
await wait(800);
const hover = await tab.evaluate(() => {
  const texts = [];
  const walk = (node) => {
    if (node.shadowRoot) { walk(node.shadowRoot); }
    for (const child of node.children ?? []) {
      if (String(child.className).includes("bk-tooltip")) { texts.push(child.innerText); }
      walk(child);
    }
  };
  walk(document.body);
  return texts.join("\n");
});
await tab.screenshot({ path: `${shot}-hover.png` });
for (const text of point.wanted) {
  if (!hover.includes(text)) { faults.push(`not under the pointer: ${text}`); }
}
await tab.mouse.click(point.x, point.y);
await wait(500);
const at = await tab.$eval("#at", (element) => element.innerText);
if (!at.includes("N(G)")) { faults.push("a click shows nothing"); }
await tab.screenshot({ path: `${shot}-click.png`, fullPage: true });
await browser.close();
console.log(hover, "\n", at);
console.log(faults.length ? `FAULTS: ${faults.join("; ")}` : "no faults");
process.exit(faults.length ? 1 : 0);
