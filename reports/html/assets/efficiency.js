// What methods cost: the columns that the overview and the pages of methods show.
"use strict";
(() => {
  const { h } = FB;
  const count = (value) => {
    if (value === null) return "–";
    const [size, sign] = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]].find(([limit]) => value >= limit) || [1, ""];
    return `${Number((value / size).toPrecision(4))} ${sign}`.trim();
  };
  const megabytes = (bytes) => (bytes === null ? "–" : bytes >= 1e8 ? (bytes / 1e6).toFixed(0) : Number((bytes / 1e6).toPrecision(3)).toString());
  const places = (rows, cost) => FB.places(rows.map((row) => cost(row)));
  /** Columns after the first; the best of latency, throughput and memory are marked where there are several rows. */
  FB.costColumns = (rows, marked) => {
    const ranks = { latency: places(rows, (row) => row.latency), throughput: places(rows, (row) => -row.throughput), memory: places(rows, (row) => row.memory) };
    const mark = (name) => (row) => (marked ? FB.mark(ranks[name][rows.indexOf(row)]) : "");
    const number = (text) => h("span", { class: "number" }, text);
    return [
      { id: "parameters", word: "parameters", value: (row) => row.parameters, cell: (row) => count(row.parameters) },
      { id: "flops", word: "flops", value: (row) => row.flops, cell: (row) => count(row.flops) },
      { id: "latency", word: "latency", value: (row) => row.latency, mark: mark("latency"), cell: (row) => h("span", {}, number(FB.milliseconds(row.latency)), h("small", {}, row.quartiles.map(FB.milliseconds).join(" … "))) },
      { id: "throughput", word: "throughput", value: (row) => row.throughput, mark: mark("throughput"), down: true, cell: (row) => number(Number(row.throughput.toPrecision(4)).toString()) },
      { id: "memory", word: "memory", value: (row) => row.memory, mark: mark("memory"), cell: (row) => number(megabytes(row.memory)) },
    ];
  };
  FB.methodName = (row, root) => (FB.methodFile[row.method] ? h("a", { class: "label", href: `${root}methods/${FB.methodFile[row.method]}.html` }, row.method) : h("span", { class: "label" }, row.method));
})();
