// The gallery of a data set's pairs.
"use strict";
(() => {
  const { t, $, index } = FB;
  const hash = new URLSearchParams(location.hash.slice(1));
  let file = FB.datasetAt(hash.get("d")) >= 0 ? hash.get("d") : index.datasets[0].file;
  let data = null;

  const values = (key, i) => Object.values(data.methods).map((run) => run.values[key] && run.values[key][i]).filter((value) => typeof value === "number");
  const figures = {
    low: (key, i) => mean(values(key, i)), high: (key, i) => mean(values(key, i)),
    spread: (key, i) => { const all = values(key, i); return all.length > 1 ? Math.max(...all) - Math.min(...all) : null; },
    failed: (_, i) => Object.values(data.methods).filter((run) => run.missing.includes(i) || (run.notes[i] && run.notes[i][0] !== "ok")).length,
  };
  const mean = (all) => (all.length ? all.reduce((sum, value) => sum + value, 0) / all.length : null);

  const draw = () => {
    if (!data) return;
    const order = $("order").value, key = $("metric").value, wanted = $("shown").value;
    const word = $("filter").value.trim().toLowerCase();
    $("metric").disabled = order === "set" || order === "failed";
    const digits = index.boards[FB.datasetAt(file)].digits[key] ?? 3;
    let shown = data.pairs.map((pair, i) => ({ i, figure: figures[order] ? figures[order](key, i) : null }))
      .filter(({ i }) => data.pairs[i].name.toLowerCase().includes(word));
    const sign = order === "low" ? 1 : -1;
    if (order !== "set") shown = shown.sort((a, b) => (a.figure === null) - (b.figure === null) || sign * (a.figure - b.figure) || a.i - b.i);
    const label = { low: "mean", high: "mean", spread: "order_spread" }[order];
    $("gallery").replaceChildren(...shown.map(({ i, figure }) => {
      const lost = figures.failed(key, i);
      const number = label && figure !== null ? `${label === "mean" ? t("mean") : "Δ"} ${FB.fixed(figure, digits)}` : "";
      return FB.card(data, i, [number, lost ? `${lost} ${t("failures")}` : ""].filter(Boolean).join(" · "), wanted);
    }));
    $("count").textContent = `${shown.length} / ${data.pairs.length} ${t("pairs_shown")}`;
  };

  const open = () => FB.load(file).then((content) => {
    data = content;
    const keys = index.boards[FB.datasetAt(file)].metrics;
    FB.fill($("metric"), keys.map((key) => [key, key]), keys.includes($("metric").value) ? $("metric").value : keys[0]);
    FB.fill($("shown"), [["", "", "all_sources"], ...Object.keys(data.methods).map((method) => [method, method])], $("shown").value);
    draw();
  });
  FB.fillDatasets($("dataset"), file);
  $("dataset").addEventListener("change", () => { file = $("dataset").value; history.replaceState(null, "", `#d=${file}`); open(); });
  for (const id of ["order", "metric", "shown"]) $(id).addEventListener("change", draw);
  $("filter").addEventListener("input", draw);
  window.addEventListener("hashchange", () => {
    const wanted = new URLSearchParams(location.hash.slice(1)).get("d");
    if (FB.datasetAt(wanted) >= 0 && wanted !== file) { file = wanted; $("dataset").value = file; open(); }
  });
  open().then(() => FB.onChange(draw));
})();
