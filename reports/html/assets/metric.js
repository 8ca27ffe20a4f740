// A metric: its values by method.
"use strict";
(() => {
  const { h, $, index } = FB;
  const key = $("values").dataset.metric;
  const sets = index.datasets.filter((_, i) => index.boards[i].metrics.includes(key));
  let file = sets[0].file;
  let sort = { id: "mean", down: false };

  const drawTable = () => {
    const board = index.boards[FB.datasetAt(file)];
    const digits = board.digits[key];
    const costs = board.rows.map((row) => (row.complete && !row.undefined[key] && typeof row.means[key] === "number" ? FB.cost(key, row.means[key]) : null));
    const places = FB.places(costs);
    const rows = board.rows.map((row, i) => ({ ...row, place: places[i] }));
    const footnotes = FB.footnotes(rows);
    const end = (row, side) => (row.intervals[key] || [null, null])[side];
    const columns = [
      { id: "method", word: "method", text: true, value: (row) => row.method, cell: (row) => h("span", {}, h("a", { class: "label", href: `../methods/${FB.methodFile[row.method]}.html` }, row.method), FB.marks(footnotes.of(row))) },
      { id: "mean", word: "mean", value: (row) => (typeof row.means[key] === "number" ? FB.cost(key, row.means[key]) : null), cell: (row) => h("span", { class: "number" }, FB.fixed(row.means[key], digits)), mark: (row) => FB.mark(row.place) },
      { id: "low", word: "low", value: (row) => end(row, 0), cell: (row) => FB.fixed(end(row, 0), digits) },
      { id: "high", word: "high", value: (row) => end(row, 1), cell: (row) => FB.fixed(end(row, 1), digits) },
      { id: "n", word: "n", value: (row) => row.scored, cell: (row) => String(row.scored - (row.undefined[key] || 0)), down: true },
    ];
    FB.table($("means"), { columns, rows, sort, row: (row) => ({ class: row.complete ? null : "incomplete" }), onSort: (next) => { sort = next; drawTable(); } });
    FB.drawFootnotes($("footnotes"), footnotes);
  };
  const drawBoxes = () => FB.load(file).then((data) => {
    const order = [...index.boards[FB.datasetAt(file)].rows].sort((a, b) => FB.cost(key, a.means[key] ?? NaN) - FB.cost(key, b.means[key] ?? NaN) || 0);
    const traces = order.map(({ method }) => ({
      type: "box", name: FB.plain(method.length > 30 ? `${method.slice(0, 29)}…` : method), y: data.methods[method].values[key] || [], boxpoints: data.pairs.length > 200 ? "outliers" : "all", jitter: 0.5, pointpos: 0,
      marker: { size: 4, opacity: 0.55, color: FB.shade(method), symbol: FB.symbol(method) }, line: { width: 1.5, color: FB.shade(method) }, fillcolor: "rgba(0,0,0,0)",
      text: data.pairs.map((pair) => FB.plain(pair.name)), customdata: data.pairs.map((pair) => [pair.file, method]), hovertemplate: "%{text}<br>%{y:.5g}<extra></extra>",
    }));
    return FB.plot($("boxes"), traces, { yaxis: { title: { text: FB.plain(key) } } }).then(() => FB.onPoint($("boxes"), ([pair, method]) => FB.viewerLink(file, pair, method)));
  });
  const draw = () => { drawTable(); drawBoxes(); };
  FB.fill($("dataset"), sets.map((dataset) => [dataset.file, dataset.label]), file);
  $("dataset").addEventListener("change", () => { file = $("dataset").value; draw(); });
  FB.onChange(draw);
})();
