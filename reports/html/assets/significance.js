// Which methods differ by more than chance: mean ranks with the critical difference, and tests of every two methods.
"use strict";
(() => {
  const { h, t, $, index } = FB;
  const draw = (tag, attributes = {}, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const sets = [...index.datasets.map((dataset) => dataset.file), ...(FB.tests.all ? ["all"] : [])];
  const state = {};
  const fromHash = () => {
    const wanted = new URLSearchParams(location.hash.slice(1));
    state.dataset = sets.includes(wanted.get("d")) ? wanted.get("d") : sets[0];
    state.metric = wanted.get("m");
  };
  const p = (value) => (value === null ? "–" : value < 0.001 ? "<0.001" : value.toFixed(3));

  const metrics = () => {
    const found = FB.tests[state.dataset];
    return [...index.metrics.map((metric) => metric.key).filter((key) => found[key]), ...(found.all ? ["all"] : [])];
  };
  const fill = () => {
    if (!metrics().includes(state.metric)) state.metric = metrics()[0];
    FB.fill($("dataset"), sets.map((file) => (file === "all" ? ["all", "", "all_sets"] : [file, index.datasets[FB.datasetAt(file)].label])), state.dataset);
    FB.fill($("metric"), metrics().map((key) => (key === "all" ? ["all", "", "all_metrics_together"] : [key, key])), state.metric);
  };

  /** Places from … to in the order of ranks whose methods are not told apart, none within another. */
  const groups = (ranks, critical) => {
    const found = [];
    ranks.forEach((rank, from) => {
      let to = from;
      while (to + 1 < ranks.length && ranks[to + 1] - rank < critical) to += 1;
      if (to > from && !found.some(([, end]) => end >= to)) found.push([from, to]);
    });
    return found;
  };

  const drawRanks = (test) => {
    const host = $("ranks");
    const whole = test.n > 1 && test.methods.length > 1;
    host.hidden = !whole;
    $("critical-note").hidden = !whole;
    $("friedman").textContent = !whole ? t("no_tests") : `${t("friedman")}: ${test.p === null ? "–" : `χ²(${test.methods.length - 1}) = ${test.statistic}, p ${test.p < 0.001 ? "< 0.001" : `= ${test.p.toFixed(3)}`}`}; n = ${test.n}; ${t("critical_difference")} ${test.critical}`;
    if (!whole) return;
    const order = test.methods.map((_, i) => i).sort((i, j) => test.ranks[i] - test.ranks[j] || i - j);
    const ranks = order.map((i) => test.ranks[i]);
    const joined = groups(ranks, test.critical);
    const width = Math.max(280, host.clientWidth - 24), row = 28, top = 64, k = ranks.length;
    const longest = Math.max(...test.methods.map((name) => [...name].length));
    const left = Math.min(width * 0.42, longest * 8.5 + 16), right = 58 + 14 * joined.length;
    const x = (rank) => left + ((rank - 1) / (k - 1)) * (width - left - right);
    const y = (place) => top + row * (place + 0.5);
    const room = Math.max(6, Math.floor((left - 16) / 8.5));
    const cut = (name) => ([...name].length > room ? `${[...name].slice(0, room - 1).join("")}…` : name);
    const step = Math.ceil((k - 1) / Math.max(1, Math.floor((width - left - right) / 34)));
    const ticks = [...new Set([...Array.from({ length: k }, (_, i) => i + 1).filter((rank) => (rank - 1) % step === 0), k])];
    const parts = ticks.map((rank) => [
      draw("line", { class: "grid", x1: x(rank), x2: x(rank), y1: top - 4, y2: y(k - 1) + row / 2 }),
      draw("text", { class: "tick-label", x: x(rank), y: top - 10, "text-anchor": "middle" }, String(rank)),
    ]).flat();
    parts.push(draw("text", { class: "tick-label", x: left, y: 14 }, t("mean_rank_axis")));
    const end = Math.min(1 + test.critical, k);
    const number = `${test.critical > k - 1 ? "> " : ""}${test.critical}`;
    const named = width - x(end) > 220 ? `${t("critical_difference")} ${number}` : number;
    parts.push(draw("path", { class: "ruler", d: `M${x(1)} 28v8m0-4H${x(end)}m0-4v8` }));
    parts.push(draw("text", { class: "tick-label", x: x(end) + 6, y: 36, "text-anchor": "start" }, named));
    order.forEach((i, place) => {
      const name = test.methods[i];
      const label = draw("text", { x: left - 12, y: y(place) + 5, "text-anchor": "end" }, cut(name), draw("title", {}, name));
      parts.push(draw("a", { href: `methods/${FB.methodFile[name]}.html` }, label));
      parts.push(draw("line", { class: "lead", x1: left - 4, x2: x(ranks[place]), y1: y(place), y2: y(place) }));
      parts.push(draw("circle", { class: "dot", cx: x(ranks[place]), cy: y(place), r: 5 }));
      parts.push(draw("text", { class: "tick-label", x: x(ranks[place]) + 9, y: y(place) + 5 }, ranks[place].toFixed(2)));
    });
    joined.forEach(([from, to], i) => {
      const at = width - right + 54 + 14 * i;
      parts.push(draw("line", { class: "joined", x1: at, x2: at, y1: y(from) - 8, y2: y(to) + 8 }));
    });
    const height = y(k - 1) + row / 2 + 8;
    host.replaceChildren(draw("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": "critical-title friedman" }, ...parts));
  };

  const drawTests = (test) => {
    const { compared = [], tests = null } = test;
    $("tests").hidden = !compared.length;
    $("tests-note").textContent = compared.length ? t("pairwise_note") : t(tests === null ? "pairwise_choose" : "no_tests");
    if (!compared.length) return;
    const by = {};
    for (const [a, b, value, won, lost, sign] of tests) {
      by[`${a} ${b}`] = { value, won, lost, sign };
      by[`${b} ${a}`] = { value, won: lost, lost: won, sign: -sign };
    }
    const cell = (a, b) => {
      if (a === b) return h("td", {});
      const { value, won, lost, sign } = by[`${a} ${b}`];
      return h("td", { class: sign > 0 ? "better" : sign < 0 ? "worse" : null, title: `${compared[a]} / ${compared[b]}\n${t("won_lost")}: ${won}, ${lost}` },
        `${sign > 0 ? "+ " : sign < 0 ? "− " : ""}${p(value)}`);
    };
    const name = (method) => h("a", { class: "label", href: `methods/${FB.methodFile[method]}.html`, title: method }, method);
    $("tests").replaceChildren(h("table", { class: "matrix" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, FB.w("method")), ...compared.map((method) => h("th", { scope: "col", title: method }, method)))),
      h("tbody", {}, ...compared.map((method, a) => h("tr", {}, h("th", { scope: "row" }, name(method)), ...compared.map((_, b) => cell(a, b)))))));
  };

  const show = () => {
    fill();
    const test = FB.tests[state.dataset][state.metric];
    $("together").hidden = state.metric !== "all";
    drawRanks(test);
    drawTests(test);
    history.replaceState(null, "", `#${new URLSearchParams({ d: state.dataset, m: state.metric })}`);
  };
  $("dataset").addEventListener("change", () => { state.dataset = $("dataset").value; show(); });
  $("metric").addEventListener("change", () => { state.metric = $("metric").value; show(); });
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; show(); } });
  addEventListener("hashchange", () => { fromHash(); show(); });
  fromHash();
  FB.onChange(show);
})();
