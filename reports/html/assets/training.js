// Loss curves of training runs, laid over each other.
"use strict";
(() => {
  const { h, t, $ } = FB;
  const runs = FB.runs;
  const losses = [...new Set(runs.flatMap((run) => Object.keys(run.losses)))];
  const ticked = new Set(runs.map((_, i) => i).slice(0, 8));

  const smooth = (values, width) => {
    const out = [];
    let sum = 0, count = 0;
    values.forEach((value, i) => {
      if (value !== null) { sum += value; count += 1; }
      const gone = i >= width ? values[i - width] : null;
      if (gone !== null) { sum -= gone; count -= 1; }
      out.push(count ? sum / count : null);
    });
    return out;
  };
  const draw = () => {
    const loss = $("loss").value, shades = FB.shades();
    const power = Number($("smoothing").value);
    $("smoothing-value").textContent = `${2 ** power} ${t("steps_mean")}`;
    const traces = [];
    runs.forEach((run, i) => {
      if (!ticked.has(i)) return;
      const color = shades[i % shades.length], dash = ["solid", "dash", "dot", "dashdot"][Math.floor(i / shades.length) % 4], name = FB.plain(run.name), y = run.losses[loss];
      if (y && $("raw").checked) traces.push({ type: "scatter", mode: "lines", x: run.step, y, line: { color, width: 1 }, opacity: 0.3, hoverinfo: "skip" });
      if (y) traces.push({ type: "scatter", mode: "lines", x: run.step, y: smooth(y, 2 ** power), name, line: { color, width: 2.2, dash }, hovertemplate: "%{x}: %{y:.5g}<extra>%{fullData.name}</extra>" });
      const held = run.held_out.losses[loss];
      if (held && held.some((value) => value !== null)) traces.push({ type: "scatter", mode: "markers", x: run.held_out.step, y: held, name: `${name}, ${t("held_out")}`, marker: { color, size: 8, symbol: FB.symbols[Math.floor(i / shades.length) % FB.symbols.length], line: { color: FB.css("--paper"), width: 1 } }, hovertemplate: "%{x}: %{y:.5g}<extra>%{fullData.name}</extra>" });
      if (run.learning_rate.length) traces.push({ type: "scatter", mode: "lines", x: run.step, y: run.learning_rate, yaxis: "y2", name, line: { color, width: 1.6, dash }, hovertemplate: "%{x}: %{y:.3g}<extra>%{fullData.name}</extra>" });
    });
    FB.plot($("curves"), traces, {
      xaxis: { title: { text: t("step") }, anchor: "y2" }, yaxis: { domain: [0.32, 1], title: { text: FB.plain(loss || "") }, type: $("log").checked ? "log" : "linear" },
      yaxis2: { domain: [0, 0.2], title: { text: t("learning_rate") }, exponentformat: "power" }, margin: { l: 80, r: 20, t: 16, b: 60 },
    });
  };
  const boxes = runs.map((run, i) => {
    const box = h("input", { type: "checkbox", checked: ticked.has(i), onchange: () => { ticked[box.checked ? "add" : "delete"](i); draw(); } });
    return h("label", { class: "tick" }, box, " ", h("i", { class: "swatch", "data-shade": i }), h("span", { class: "label" }, ` ${run.name}`));
  });
  const paint = () => { for (const swatch of document.querySelectorAll("[data-shade]")) swatch.style.background = FB.shades()[swatch.dataset.shade % FB.shades().length]; };
  $("series").replaceChildren(...boxes);
  FB.fill($("loss"), losses.map((loss) => [loss, loss]), losses[0]);
  for (const id of ["loss", "smoothing", "raw", "log"]) $(id).addEventListener("input", draw);
  FB.onChange(() => { paint(); draw(); });
})();
