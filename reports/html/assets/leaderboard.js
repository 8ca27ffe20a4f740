// The overview: facts, the leaderboard, two metrics against each other.
"use strict";
(() => {
  const { h, t, w, $, index } = FB;
  const keysOf = (file) => {
    if (file !== "all") return index.boards[FB.datasetAt(file)].metrics;
    return index.metrics.map((metric) => metric.key).filter((key) => index.boards.some((board) => board.metrics.includes(key)));
  };
  const firstProtocol = () => {
    const all = index.metrics.map((metric) => metric.key);
    return all.length <= 14 ? all : all.filter((key) => FB.metric[key].protocol === index.metrics[0].protocol);
  };
  const state = {
    dataset: index.datasets[0].file, metrics: new Set(firstProtocol()), filter: "", since: "", until: "", venue: "",
    sort: { id: "rank", down: false }, incomplete: false, intervals: false,
  };

  const boardOf = (file) => index.boards[FB.datasetAt(file)];
  const eligible = (row, key) =>
    typeof row.means[key] === "number" && (state.incomplete || (row.complete && !row.undefined[key]));
  const costs = (board, key) => board.rows.map((row) => (eligible(row, key) ? FB.cost(key, row.means[key]) : null));

  /** Rows of one data set: the stored means, their places, and the mean rank over the metrics shown. */
  const oneSet = (file, keys) => {
    const board = boardOf(file);
    const places = Object.fromEntries(keys.map((key) => [key, FB.places(costs(board, key))]));
    const ranks = keys.map((key) => FB.ranks(costs(board, key)));
    return board.rows.map((row, i) => {
      const mine = ranks.map((list) => list[i]).filter((rank) => rank !== null);
      const ranked = mine.length && (state.incomplete || mine.length === keys.length);
      return {
        ...row, notes: [...row.notes, ...row.timing], of: index.datasets[FB.datasetAt(file)].pairs, values: row.means,
        places: Object.fromEntries(keys.map((key) => [key, places[key][i]])),
        rank: ranked ? mine.reduce((sum, rank) => sum + rank, 0) / mine.length : null,
      };
    });
  };
  /** Notes of a method over all data sets; one that is not true of each names its data set. */
  const notesOf = (label) => {
    const mine = index.boards.flatMap((board, i) => board.rows.filter((row) => row.method === label).map((row) => [index.datasets[i].label, row.notes]));
    const every = (note) => mine.every(([, notes]) => notes.includes(note));
    return [...new Set(mine.flatMap(([set, notes]) => notes.map((note) => JSON.stringify(every(note) ? ["", note] : [set, note]))))];
  };
  const sayNote = (note) => {
    const [set, sentence] = state.dataset === "all" ? JSON.parse(note) : ["", note];
    return set ? `${set}: ${FB.say(sentence)}` : FB.say(sentence);
  };
  /** Rows over all data sets: mean ranks in place of means. */
  const allSets = (keys) => {
    const cells = {};
    index.boards.forEach((board) => keys.filter((key) => board.metrics.includes(key)).forEach((key) => {
      const ranks = FB.ranks(costs(board, key));
      board.rows.forEach((row, i) => { ((cells[row.method] ||= {})[key] ||= []).push(ranks[i]); });
    }));
    const expected = Object.fromEntries(keys.map((key) => [key, index.boards.filter((board) => board.metrics.includes(key)).length]));
    const mean = (list) => list.reduce((sum, rank) => sum + rank, 0) / list.length;
    const rows = index.methods.map(({ label }) => {
      const mine = index.boards.flatMap((board) => board.rows.filter((row) => row.method === label));
      const values = {};
      const every = [];
      let whole = true;
      for (const key of keys) {
        const ranks = ((cells[label] || {})[key] || []).filter((rank) => rank !== null);
        const full = ranks.length === expected[key];
        whole &&= full;
        if (ranks.length && (full || state.incomplete)) { values[key] = mean(ranks); every.push(...ranks); }
      }
      const sum = (name) => mine.reduce((total, row) => total + row[name], 0);
      return {
        method: label, year: mine[0].year, venue: mine[0].venue, values, intervals: {}, undefined: {}, seconds: null, notes: notesOf(label), scored: sum("scored"), failed: sum("failed"), skipped: sum("skipped"),
        of: index.datasets.reduce((total, dataset) => total + dataset.pairs, 0),
        complete: mine.length === index.boards.length && mine.every((row) => row.complete),
        rank: every.length && (whole || state.incomplete) ? mean(every) : null, places: {},
      };
    });
    for (const key of keys) {
      const places = FB.places(rows.map((row) => row.values[key] ?? null));
      rows.forEach((row, i) => { row.places[key] = places[i]; });
    }
    return rows;
  };

  const metricColumn = (key, digits, all) => ({
    id: key, label: `${FB.metric[key].name} ${all ? "" : FB.arrow[FB.metric[key].better]}`.trim(), title: key,
    sub: h("a", { class: "sub", href: `metrics/${FB.metric[key].file}.html`, title: key }, key.slice(key.lastIndexOf("@") + 1)),
    value: (row) => (typeof row.values[key] === "number" ? (all ? row.values[key] : FB.cost(key, row.values[key])) : null),
    mark: (row) => FB.mark(row.places[key]),
    hint: (row) => {
      const [low, high] = row.intervals[key] || [null, null];
      const parts = [];
      if (low !== null) parts.push(`${t("interval")}: ${FB.fixed(low, digits)} … ${FB.fixed(high, digits)}`);
      if (row.undefined[key]) parts.push(`${t("undefined")} ${row.undefined[key]}`);
      return parts.join("\n") || null;
    },
    cell: (row) => {
      const value = row.values[key];
      if (typeof value !== "number") return "–";
      const [low, high] = row.intervals[key] || [null, null];
      const missing = row.undefined[key] ? ` (n=${row.scored - row.undefined[key]})` : "";
      const number = h("span", { class: "number" }, FB.fixed(value, digits) + missing);
      if (!state.intervals || low === null) return number;
      return h("span", {}, number, h("small", {}, `${FB.fixed(low, digits)} … ${FB.fixed(high, digits)}`));
    },
  });

  const countCell = (row) => {
    const text = row.complete ? String(row.scored) : `${row.scored}/${row.of}`;
    const why = ["failed", "skipped"].filter((kind) => row[kind]).map((kind) => `${row[kind]} ${t(kind)}`).join(", ");
    return row.complete ? text : h("span", { class: "badge", title: why || t("missing") }, text);
  };

  /** Whether a row is to be seen; a method without a paper, such as one's own, is so whatever its year and venue are. */
  const wanted = (row) => row.method.toLowerCase().includes(state.filter.toLowerCase())
    && (!row.year || ((!state.since || row.year >= state.since) && (!state.until || row.year <= state.until)))
    && (!row.venue || !state.venue || row.venue === state.venue);

  const draw = () => {
    const all = state.dataset === "all";
    const keys = keysOf(state.dataset).filter((key) => state.metrics.has(key));
    const rows = (all ? allSets(keys) : oneSet(state.dataset, keys)).filter(wanted);
    const places = FB.places(rows.map((row) => row.rank));
    rows.forEach((row, i) => { row.place = places[i]; });
    const footnotes = FB.footnotes(rows);
    const columns = [
      { id: "method", word: "method", text: true, value: (row) => row.method, cell: (row) => h("span", {}, h("a", { class: "label", href: `methods/${FB.methodFile[row.method]}.html` }, row.method), FB.marks(footnotes.of(row))) },
      ...(years.length ? [{ id: "year", word: "year", value: (row) => row.year, cell: (row) => String(row.year || "–"), hint: (row) => row.venue || null, down: true }] : []),
      { id: "rank", word: "mean_rank", value: (row) => row.rank, mark: (row) => FB.mark(row.place), cell: (row) => h("span", { class: "number" }, FB.fixed(row.rank, 2)) },
      { id: "n", word: "n", value: (row) => row.scored, cell: countCell, down: true },
      ...(all || !rows.some((row) => row.seconds !== null) ? [] : [{ id: "seconds", word: "seconds", title: t("seconds_title"), value: (row) => row.seconds, cell: (row) => FB.milliseconds(row.seconds) }]),
      ...keys.map((key) => metricColumn(key, all ? 2 : boardOf(state.dataset).digits[key], all)),
    ];
    FB.table($("board"), { columns, rows, sort: state.sort, row: (row) => ({ class: row.complete ? null : "incomplete" }), onSort: (sort) => { state.sort = sort; draw(); } });
    $("board").classList.toggle("with-intervals", state.intervals);
    FB.drawFootnotes($("footnotes"), footnotes, sayNote);
    const notes = [all ? t("all_note") : "", t("board_note"), state.incomplete ? "" : t("incomplete_note"), rows.length ? "" : t("no_methods"), keys.length ? "" : t("no_metrics")];
    $("board-note").textContent = notes.filter(Boolean).join(FB.language === "zh" ? "" : " ");
    $("chosen").textContent = `(${keys.length}/${keysOf(state.dataset).length})`;
    $("intervals").disabled = all;
  };

  const drawChoices = () => {
    const keys = keysOf(state.dataset);
    const protocols = [...new Set(keys.map((key) => FB.metric[key].protocol))];
    const set = (chosen) => { state.metrics = new Set(chosen); drawChoices(); draw(); };
    const button = (label, chosen) => h("button", { type: "button", onclick: () => set(chosen) }, label);
    const group = (protocol) => h("fieldset", {}, h("legend", {}, protocol), ...keys.filter((key) => FB.metric[key].protocol === protocol).map((key) => {
      const box = h("input", { type: "checkbox", value: key, checked: state.metrics.has(key), onchange: () => { state.metrics[box.checked ? "add" : "delete"](key); draw(); } });
      return h("label", { class: "tick" }, box, ` ${key}`);
    }));
    $("choices").replaceChildren(h("div", { class: "buttons" }, button(w("all"), keys), button(w("none"), []),
      ...(protocols.length > 1 ? protocols.map((protocol) => button(protocol, keys.filter((key) => FB.metric[key].protocol === protocol))) : [])),
      ...protocols.map(group));
  };

  /** The choices of years and venues of the papers, where there are several. */
  const known = (name) => [...new Set(index.boards.flatMap((board) => board.rows.map((row) => row[name])).filter(Boolean))].sort();
  const years = known("year");
  const drawPapers = () => {
    const choose = (id, values, word) => {
      FB.fill($(id), [["", t(word), word], ...values.map((value) => [String(value), String(value)])], "");
      $(id).closest("label").hidden = values.length < 2;
    };
    choose("since", years, "any");
    choose("until", years, "any");
    choose("venue", known("venue"), "any");
  };

  const drawFacts = () => {
    const rows = index.boards.flatMap((board) => board.rows);
    const sum = (name) => rows.reduce((total, row) => total + row[name], 0);
    const lost = sum("failed") + sum("skipped");
    const counted = (number, one, several) => [number, number === 1 ? one : several];
    const facts = [counted(index.datasets.length, "dataset_unit", "datasets_unit"), counted(index.methods.length, "method_unit", "methods_unit"), counted(index.metrics.length, "metric_unit", "metrics_unit"), [sum("scored"), "results_unit"], ...(lost ? [[lost, "failures"]] : [])];
    $("facts").replaceChildren(...facts.map(([number, word]) => h("span", {}, h("b", {}, String(number)), " ", t(word))));
    const partial = index.boards.flatMap((board, i) => board.rows.filter((row) => !row.complete).map((row) => `${row.method} · ${index.datasets[i].label} (${row.scored}/${index.datasets[i].pairs})`));
    $("notices").replaceChildren(...(partial.length ? [h("p", { class: "notice" }, `${t("incomplete_notice")} ${partial.join(", ")}`)] : []));
  };

  // ---------------------------------------------------------------- two metrics against each other
  /** Where each name goes so that it covers no other name and no point, as far as there is room. */
  const labelSides = (points, logX, logY) => {
    const scaled = (numbers, log, length) => {
      const all = numbers.map((number) => (log ? Math.log(Math.max(number, 1e-9)) : number));
      const low = Math.min(...all), span = Math.max(...all) - low || 1;
      return all.map((number) => ((number - low) / span) * length);
    };
    const xs = scaled(points.map((point) => point[0]), logX, $("trade").clientWidth * 0.85);
    const ys = scaled(points.map((point) => point[1]), logY, $("trade").clientHeight * 0.72);
    const taken = xs.map((px, i) => [px - 7, px + 7, ys[i] - 7, ys[i] + 7]);
    const length = $("trade").clientWidth * 0.85;
    // what is left of the lowest point would cover the numbers of the axis, what is right of the highest be cut off
    const outside = ([l, r]) => (l < -length * 0.06 ? 1 : 0) + (r > length * 1.06 ? 1 : 0);
    const covered = (box) => outside(box) + taken.filter(([l2, r2, b2, t2]) => box[0] < r2 && l2 < box[1] && box[2] < t2 && b2 < box[3]).length;
    return points.map(([, , letters], i) => {
      const width = 7.5 * Math.min(letters, 28), half = width / 2, [px, py] = [xs[i], ys[i]];
      const boxes = {
        "top center": [px - half, px + half, py + 8, py + 24], "bottom center": [px - half, px + half, py - 24, py - 8],
        "middle right": [px + 8, px + 8 + width, py - 8, py + 8], "middle left": [px - 8 - width, px - 8, py - 8, py + 8],
      };
      const [side] = Object.keys(boxes).sort((a, b) => covered(boxes[a]) - covered(boxes[b]));
      taken.push(boxes[side]);
      return side;
    });
  };

  const drawTrade = () => {
    const file = state.dataset === "all" ? index.datasets[0].file : state.dataset;
    const keys = boardOf(file).metrics;
    const costs = circumstances.length ? ["latency", "parameters", "flops", "memory"].filter((name) => boardOf(file).rows.some((row) => cost(row, name) !== null)) : [];
    const timed = boardOf(file).rows.some((row) => row.seconds !== null);
    const options = [...(timed ? [["seconds", "", "time_axis"]] : []), ...costs.map((name) => [`cost:${name}`, "", name]), ...keys.map((key) => [key, key])];
    const pick = (id, fallback) => {
      const before = $(id).value;
      const chosen = options.some(([value]) => value === before) ? before : fallback;
      FB.fill($(id), options, chosen);
      return chosen;
    };
    const x = pick("trade-x", options[0] && options[0][0]), y = pick("trade-y", keys[Math.min(keys.length - 1, Math.max(0, keys.findIndex((key) => FB.metric[key].name.startsWith("VIF"))))]);
    const scale = { seconds: 1e3, "cost:latency": 1e3, "cost:memory": 1e-6 };
    const raw = (row, id) => (id === "seconds" ? row.seconds : id.startsWith("cost:") ? cost(row, id.slice(5)) : row.means[id]);
    const value = (row, id) => (typeof raw(row, id) === "number" ? raw(row, id) * (scale[id] || 1) : null);
    const isCost = (id) => id === "seconds" || id.startsWith("cost:");
    const axisName = (id) => (id === "seconds" ? t("time_axis") : isCost(id) ? FB.plain(`${t(id.slice(5))} · ${measured.split(" · ")[0]}`) : FB.plain(`${id} ${FB.arrow[FB.metric[id].better]}`));
    const axis = (id) => ({ title: { text: axisName(id) }, type: isCost(id) ? "log" : "linear" });
    const rows = boardOf(file).rows.filter((row) => typeof value(row, x) === "number" && typeof value(row, y) === "number");
    const sides = labelSides(rows.map((row) => [value(row, x), value(row, y), row.method.length]), isCost(x), isCost(y));
    $("trade-dataset").textContent = index.datasets[FB.datasetAt(file)].label;
    $("trade").hidden = !rows.length;
    $("trade-note").textContent = rows.length ? "" : t("nothing_to_draw");
    if (!rows.length) return;
    FB.plot($("trade"), [{
      type: "scatter", mode: "markers+text", x: rows.map((row) => value(row, x)), y: rows.map((row) => value(row, y)),
      text: rows.map((row) => FB.plain(row.method.length > 28 ? `${row.method.slice(0, 27)}…` : row.method)), textposition: sides, cliponaxis: false,
      customdata: rows.map((row) => row.method), marker: { size: 11, color: rows.map((row) => FB.shade(row.method)), symbol: rows.map((row) => FB.symbol(row.method)) },
      hovertemplate: "%{text}<br>%{x:.5g}, %{y:.5g}<extra></extra>",
    }], { xaxis: axis(x), yaxis: axis(y) }).then(() => FB.onPoint($("trade"), (method) => `methods/${FB.methodFile[method]}.html`));
  };

  // ---------------------------------------------------------------- what the methods cost
  const circumstances = [...new Set(index.profiles.map((profile) => profile.circumstances))];
  const measuredThere = (name) => index.profiles.filter((profile) => profile.circumstances === name).length;
  let measured = [...circumstances].sort((a, b) => measuredThere(b) - measuredThere(a))[0];
  let costSort = { id: "latency", down: false };
  const drawCosts = () => {
    if (!circumstances.length) return;
    const rows = index.profiles.filter((profile) => profile.circumstances === measured);
    const columns = [
      { id: "method", word: "method", text: true, value: (row) => row.method, cell: (row) => FB.methodName(row, "") },
      ...FB.costColumns(rows, rows.length > 1),
    ];
    FB.table($("costs"), { columns, rows, sort: costSort, onSort: (sort) => { costSort = sort; drawCosts(); } });
  };
  /** What a method costs under the circumstances that are chosen; null where that was not measured. */
  const cost = (row, name) => {
    const found = row.profiles.map((place) => index.profiles[place]).find((profile) => profile.circumstances === measured);
    return found ? found[name] : null;
  };

  const showSamples = () => {
    for (const place of document.querySelectorAll("[data-samples]")) {
      FB.load(place.dataset.samples).then((data) => {
        place.replaceChildren(...data.pairs.slice(0, 4).map((pair, i) => {
          const [picture] = FB.anyThumbs(data, i);
          return picture ? h("a", { href: FB.viewerLink(data.file, pair.file), title: pair.name, "aria-label": pair.name }, picture) : "";
        }));
      });
    }
  };

  FB.fillDatasets($("dataset"), state.dataset, []);
  if (index.datasets.length > 1) $("dataset").prepend(h("option", { value: "all", "data-t": "all_datasets" }, t("all_datasets")));
  $("dataset").value = state.dataset;
  $("dataset").addEventListener("change", () => { state.dataset = $("dataset").value; drawChoices(); draw(); drawTrade(); });
  $("filter").addEventListener("input", () => { state.filter = $("filter").value.trim(); draw(); });
  for (const id of ["intervals", "incomplete"]) $(id).addEventListener("change", () => { state[id] = $(id).checked; draw(); });
  for (const id of ["since", "until"]) $(id).addEventListener("change", () => { state[id] = Number($(id).value); draw(); });
  $("venue").addEventListener("change", () => { state.venue = $("venue").value; draw(); });
  if (circumstances.length) {
    FB.fill($("circumstances"), circumstances.map((name) => [name, name]), measured);
    $("circumstances").addEventListener("change", () => { measured = $("circumstances").value; drawCosts(); drawTrade(); });
  }
  for (const id of ["trade-x", "trade-y"]) $(id).addEventListener("change", drawTrade);
  drawChoices();
  drawPapers();
  showSamples();
  FB.onChange(() => { drawFacts(); draw(); drawCosts(); drawTrade(); });
})();
