"use strict";
window.darkmc = (() => {
  const curves = JSON.parse(document.getElementById("curves").textContent);
  function digits(value, n = 3) {
    if (value === null || value === undefined) { return "unknown"; }
    const plain = value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5);
    return plain ? Number(value.toPrecision(n)).toString() : value.toExponential(n - 1);
  }

  // of the places that a curve has, the one whose mass is nearest; none if that is another decade
  function nearest(curve, mass) {
    let found = null, least = 0.5 * Math.log(10);
    for (const place of curve.at) {
      const distance = Math.abs(Math.log(place.mass / mass));
      if (distance < least) { least = distance; found = place; }
    }
    return found;
  }

  // yields grow as powers and fall as exponentials: ln N is nearly straight in ln G between neighbours
  function expected(curve, place, coupling) {
    const at = curve.couplings.findIndex((g) => g >= coupling);
    if (at < 1 || place.yields.length === 0) { return null; }
    const share = Math.log(coupling / curve.couplings[at - 1]) / Math.log(curve.couplings[at] / curve.couplings[at - 1]);
    const [low, high] = [place.yields[at - 1], place.yields[at]];
    if (!(low[0] > 0) || !(high[0] > 0)) { return [Math.max(low[0], high[0]) > 0 ? null : 0, null]; }
    const value = Math.exp((1 - share) * Math.log(low[0]) + share * Math.log(high[0]));
    const error = low[1] === null || high[1] === null ? null : value * ((1 - share) * low[1] / low[0] + share * high[1] / high[0]);
    return [value, error];
  }

  function row(curve, mass, coupling) {
    const place = nearest(curve, mass);
    if (place === null) { return null; }
    const events = expected(curve, place, coupling);
    const length = place.ctau === null ? "stable" : `${digits(place.ctau / coupling ** 2)} m`;
    const shown = place.yields.length === 0 ? "no yields" : events === null || events[0] === null ? "unknown" : `${digits(events[0])} ± ${digits(events[1], 2)}`;
    return [curve.name, curve.preset, `${digits(place.mass, 5)} GeV`, shown, length];
  }

  function at(mass, coupling) {
    const box = document.getElementById("at");
    const head = ["experiment", "preset", "nearest mass", "N(G)", "cτ"];
    const rows = curves.map((curve) => row(curve, mass, coupling)).filter((one) => one !== null);
    box.replaceChildren();
    const where = document.createElement("p");
    where.textContent = `m(γ′) = ${digits(mass, 4)} GeV, G = ${digits(coupling, 4)} GeV⁻¹`;
    const table = document.createElement("table");
    for (const [n, cells] of [head, ...rows].entries()) {
      const line = table.insertRow();
      for (const text of cells) {
        const cell = document.createElement(n === 0 ? "th" : "td");
        cell.textContent = text;
        line.append(cell);
      }
    }
    box.append(where, table);
  }

  document.addEventListener("click", (event) => {
    if (event.target.className !== "copy") { return; }
    const text = event.target.nextElementSibling.textContent;
    navigator.clipboard?.writeText(text).then(() => { event.target.textContent = "copied"; });
  });
  return { at };
})();
