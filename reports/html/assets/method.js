// A method: its means on each data set, and pair by pair beside the others.
"use strict";
(() => {
  const { h, t, $, index } = FB;
  const method = $("method").dataset.method;
  const at = index.boards.map((board) => board.rows.findIndex((row) => row.method === method));
  const sets = index.datasets.filter((_, i) => at[i] >= 0);
  let file = sets[0].file;
  let sort = { id: "dataset", down: false };

  const drawMeans = () => {
    const keys = index.metrics.map((metric) => metric.key).filter((key) => index.boards.some((board, i) => at[i] >= 0 && board.metrics.includes(key)));
    const rows = sets.map((dataset) => {
      const board = index.boards[FB.datasetAt(dataset.file)];
      const place = board.rows.findIndex((row) => row.method === method);
      const places = {};
      for (const key of board.metrics) {
        const ok = (row) => row.complete && !row.undefined[key] && typeof row.means[key] === "number";
        places[key] = FB.places(board.rows.map((row) => (ok(row) ? FB.cost(key, row.means[key]) : null)))[place];
      }
      return { dataset, digits: board.digits, entry: board.rows[place], places, notes: [...board.rows[place].notes, ...board.rows[place].timing] };
    });
    const footnotes = FB.footnotes(rows);
    const columns = [
      { id: "dataset", word: "dataset", text: true, value: (row) => row.dataset.label, cell: (row) => h("span", {}, h("a", { class: "label", href: `../pairs.html#d=${row.dataset.file}` }, row.dataset.label), FB.marks(footnotes.of(row))) },
      { id: "n", word: "n", value: (row) => row.entry.scored, cell: (row) => `${row.entry.scored}/${row.dataset.pairs}`, down: true },
      { id: "seconds", word: "seconds", title: t("seconds_title"), value: (row) => row.entry.seconds, cell: (row) => FB.milliseconds(row.entry.seconds) },
      ...keys.map((key) => ({
        id: key, label: `${FB.metric[key].name} ${FB.arrow[FB.metric[key].better]}`, title: key,
        sub: h("a", { class: "sub", href: `../metrics/${FB.metric[key].file}.html`, title: key }, key.slice(key.lastIndexOf("@") + 1)),
        value: (row) => row.entry.means[key] ?? null, mark: (row) => FB.mark(row.places[key]),
        cell: (row) => h("span", {}, h("span", { class: "number" }, FB.fixed(row.entry.means[key], row.digits[key])), row.places[key] ? h("small", {}, `(${row.places[key]})`) : null),
      })),
    ];
    FB.table($("means"), { columns, rows, sort, onSort: (next) => { sort = next; drawMeans(); } });
    FB.drawFootnotes($("footnotes"), footnotes);
  };

  let costSort = { id: "circumstances", down: false };
  const drawCosts = () => {
    if (!$("costs")) return;
    const rows = index.profiles.filter((profile) => profile.method === method);
    const columns = [
      { id: "circumstances", word: "circumstances", text: true, value: (row) => row.circumstances, cell: (row) => h("span", { class: "label" }, row.circumstances) },
      ...FB.costColumns(rows, false),
    ];
    FB.table($("costs"), { columns, rows, sort: costSort, onSort: (next) => { costSort = next; drawCosts(); } });
  };

  const drawPairs = () => FB.load(file).then((data) => {
    const board = index.boards[FB.datasetAt(file)];
    const before = $("metric").value;
    const key = board.metrics.includes(before) ? before : board.metrics[0];
    FB.fill($("metric"), board.metrics.map((name) => [name, name]), key);
    const mine = data.methods[method].values[key] || [];
    const order = data.pairs.map((_, i) => i).filter((i) => typeof mine[i] === "number").sort((i, j) => mine[i] - mine[j] || i - j);
    const names = order.map((i) => FB.plain(data.pairs[i].name));
    const places = order.map((_, i) => i + 1);
    const trace = (name, style) => ({
      type: "scatter", mode: "lines", x: places, y: order.map((i) => (data.methods[name].values[key] || [])[i] ?? null), name: FB.plain(name), text: names,
      customdata: order.map((i) => [data.pairs[i].file, name]), hovertemplate: "%{text}<br>%{y:.5g}<extra>%{fullData.name}</extra>", ...style,
    });
    const others = Object.keys(data.methods).filter((name) => name !== method).map((name) => trace(name, { line: { width: 1, color: FB.css("--faint") }, opacity: 0.7 }));
    FB.plot($("curve"), [...others, trace(method, { mode: "lines+markers", line: { width: 2.5, color: FB.shade(method) }, marker: { size: 6, symbol: FB.symbol(method) } })],
      { yaxis: { title: { text: FB.plain(key) } }, xaxis: { title: { text: t("pair") } }, hovermode: "closest" })
      .then(() => FB.onPoint($("curve"), ([pair, name]) => FB.viewerLink(file, pair, name)));
    const ranked = [...order].sort((i, j) => FB.cost(key, mine[i]) - FB.cost(key, mine[j]) || i - j);
    const card = (i) => FB.card(data, i, FB.fixed(mine[i], board.digits[key]), method);
    const few = Math.min(6, Math.ceil(ranked.length / 2)); // no pair is in both
    $("best").replaceChildren(...ranked.slice(0, few).map(card));
    $("worst").replaceChildren(...ranked.slice(Math.max(few, ranked.length - 6)).reverse().map(card));
    for (const id of ["best", "worst"]) $(id).previousElementSibling.hidden = !$(id).children.length;
  });
  FB.fill($("dataset"), sets.map((dataset) => [dataset.file, dataset.label]), file);
  $("dataset").addEventListener("change", () => { file = $("dataset").value; drawPairs(); });
  $("metric").addEventListener("change", drawPairs);
  FB.onChange(() => { drawMeans(); drawCosts(); drawPairs(); });
})();
