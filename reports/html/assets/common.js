// What every page uses: language and theme, building of elements, tables that sort, plots.
"use strict";

FB.t = (key) => (FB.text[key] || {})[FB.language] || (FB.text[key] || {}).en || key;

/** Make an element. Children are elements or text; text is never read as markup. */
FB.h = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};
FB.w = (key, tag = "span") => FB.h(tag, { "data-t": key }, FB.t(key));
FB.$ = (id) => document.getElementById(id);

FB.translate = () => {
  document.documentElement.lang = FB.language === "zh" ? "zh-CN" : "en";
  for (const e of document.querySelectorAll("[data-t]")) e.textContent = FB.t(e.dataset.t);
  for (const e of document.querySelectorAll("[data-say]")) e.textContent = e.dataset.say.split(" · ").map((part) => FB.say(part, "task_")).join(" · ");
  for (const e of document.querySelectorAll("[data-t-title]")) e.title = FB.t(e.dataset.tTitle);
  for (const e of document.querySelectorAll("[data-t-label]")) e.setAttribute("aria-label", FB.t(e.dataset.tLabel));
  for (const e of document.querySelectorAll("[data-t-placeholder]")) e.placeholder = FB.t(e.dataset.tPlaceholder);
  FB.title ||= document.title;
  const named = ["report", "pairs", "metrics", "runs", "significance", "training"];
  document.title = FB.title.split(" · ").map((part) => { const key = named.find((name) => FB.text[name].en === part); return key ? FB.t(key) : part; }).join(" · ");
  FB.$("language").firstElementChild.textContent = FB.language === "zh" ? "English" : "中文";
  FB.$("language").firstElementChild.lang = FB.language === "zh" ? "en" : "zh";
};

FB.redraws = []; // called when language or theme change
FB.onChange = (redraw) => { FB.redraws.push(redraw); redraw(); };
const redrawAll = () => { for (const redraw of FB.redraws) redraw(); };

FB.$("language").addEventListener("click", () => {
  FB.language = FB.language === "zh" ? "en" : "zh";
  FB.remember("language", FB.language);
  FB.translate();
  redrawAll();
});
const setTheme = (theme) => {
  FB.theme = theme;
  document.documentElement.dataset.theme = theme;
  redrawAll();
};
FB.$("theme").addEventListener("click", () => {
  setTheme(FB.theme === "dark" ? "light" : "dark");
  FB.remember("theme", FB.theme);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
  if (!FB.recall("theme")) setTheme(event.matches ? "dark" : "light");
});

// ------------------------------------------------------------------ the index
FB.metric = Object.fromEntries(FB.index.metrics.map((metric) => [metric.key, metric]));
FB.methodFile = Object.fromEntries(FB.index.methods.map((method) => [method.label, method.file]));
FB.datasetAt = (file) => FB.index.datasets.findIndex((dataset) => dataset.file === file);
FB.arrow = { higher: "↑", lower: "↓", zero: "→0" };
FB.cost = (key, value) => {
  const better = FB.metric[key].better;
  return better === "zero" ? Math.abs(value) : better === "lower" ? value : -value;
};
FB.fixed = (value, digits) => (value === null || value === undefined ? "–" : value.toFixed(digits).replace(/^-(?=[0.]+$)/, "")); // no negative zero
FB.milliseconds = (seconds) => {
  if (seconds === null || seconds === undefined) return "–";
  const ms = seconds * 1000;
  return ms >= 100 ? ms.toFixed(0) : ms >= 1 ? ms.toFixed(1) : ms.toFixed(2);
};

const scripts = {};
FB.script = (path) => (scripts[path] ||= new Promise((resolve, reject) => {
  const script = FB.h("script", { src: FB.root + path });
  script.onload = () => resolve();
  script.onerror = () => reject(new Error(`cannot load ${path}`));
  document.head.append(script);
}));
/** Load the numbers of a data set, once; the file is a script because a page from disk may not fetch. */
FB.load = (file) => FB.script(`data/pairs/${file}.js`).then(() => FB.pairs[file]);

// ------------------------------------------------------------------ pictures
FB.hasResult = (data, method, i) => {
  const run = data.methods[method];
  return Boolean(run) && Boolean(run.fused[i] || run.colour[i]);
};
FB.resultKind = (data, method, i, colour) => {
  const run = data.methods[method];
  return (colour && run.colour[i]) || !run.fused[i] ? "colour" : "fused";
};
FB.resultPath = (data, method, i) => `${data.file}/${FB.resultKind(data, method, i, true)}/${FB.methodFile[method]}/${data.pairs[i].file}`;
/** Where the large picture lies; the data name it as seen from the top of the report. */
FB.address = (path) => (/^[a-z]+:/.test(path) ? path : FB.root + path);
FB.resultImage = (data, method, i, colour) => FB.address(data.methods[method][FB.resultKind(data, method, i, colour)][i]);
FB.letter = (side) => String.fromCharCode(97 + side);
FB.sourcePath = (data, side, i) => `${data.file}/sources/${FB.letter(side)}/${data.pairs[i].file}`;
FB.thumb = (path) => `${FB.root}thumbs/${path}.jpg`;
// "lazy" must come before the address: an element that is told its address first loads at once
FB.thumbnail = (path, gray = false) =>
  FB.h("img", { loading: "lazy", decoding: "async", draggable: "false", alt: "", class: gray ? "gray" : null, src: FB.thumb(path) });
FB.viewerLink = (dataset, pair, left) => {
  const hash = new URLSearchParams({ d: dataset, p: pair });
  if (left) hash.set("l", `m:${left}`);
  return `${FB.root}viewer.html#${hash}`;
};
/** A thumbnail that shows a source, or where there is none the first result. */
FB.anyThumbs = (data, i, wanted) => {
  const paths = [];
  if (wanted) {
    if (FB.hasResult(data, wanted, i)) paths.push(FB.resultPath(data, wanted, i));
  } else {
    data.pairs[i].sources.forEach((address, side) => { if (address) paths.push(FB.sourcePath(data, side, i)); });
    const method = paths.length ? null : Object.keys(data.methods).find((name) => FB.hasResult(data, name, i));
    if (method) paths.push(FB.resultPath(data, method, i));
  }
  return paths.map(FB.thumbnail);
};
FB.card = (data, i, note, wanted) => {
  const thumbs = FB.anyThumbs(data, i, wanted);
  const pair = data.pairs[i];
  return FB.h("li", {}, FB.h("a", { href: FB.viewerLink(data.file, pair.file, wanted) },
    FB.h("span", { class: "frames" }, ...(thumbs.length ? thumbs : [FB.w("no_image")])),
    FB.h("span", { class: "label" }, pair.name), note ? FB.h("span", { class: "quiet" }, note) : null));
};

// ------------------------------------------------------------------ choices
FB.fill = (select, options, chosen) => {
  select.replaceChildren(...options.map(([value, label, word]) =>
    FB.h("option", { value, selected: value === chosen, "data-t": word }, word ? FB.t(word) : label)));
};
FB.fillDatasets = (select, chosen, first = []) =>
  FB.fill(select, [...first, ...FB.index.datasets.map((dataset) => [dataset.file, dataset.label])], chosen);

// ------------------------------------------------------------------ tables
/**
 * A table whose columns sort.
 * columns: {id, label | word, sub, title, text (left-aligned), value(row), cell(row), mark(row), down}
 */
FB.table = (host, { columns, rows, sort, row: attributes = () => ({}), onSort = () => {} }) => {
  const column = columns.find((candidate) => candidate.id === sort.id) || columns[0];
  const sign = sort.down ? -1 : 1;
  const rank = (row) => column.value(row);
  const sorted = rows.map((row, place) => [row, place]).sort(([a, i], [b, j]) => {
    const [x, y] = [rank(a), rank(b)];
    const [noX, noY] = [x === null || x === undefined, y === null || y === undefined];
    if (noX || noY) return noX - noY || i - j;
    const order = typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : x - y;
    return sign * order || i - j;
  }).map(([row]) => row);
  const choose = (chosen) => {
    const down = chosen.id === sort.id ? !sort.down : Boolean(chosen.down);
    onSort({ id: chosen.id, down });
    const button = [...host.querySelectorAll("button[data-column]")].find((b) => b.dataset.column === chosen.id);
    if (button) button.focus({ preventScroll: true });
  };
  const heads = columns.map((c) => FB.h("th", {
    scope: "col", class: c.text ? "text" : null,
    "aria-sort": c.id === column.id ? (sort.down ? "descending" : "ascending") : null,
  }, FB.h("button", { type: "button", title: c.title, "data-column": c.id, onclick: () => choose(c) },
    c.word ? FB.w(c.word) : c.label), c.sub || null));
  const lines = sorted.map((row) => FB.h("tr", attributes(row), ...columns.map((c, place) => {
    const content = c.cell(row);
    return FB.h(place ? "td" : "th", { scope: place ? null : "row", class: [c.text ? "text" : "", c.mark ? c.mark(row) : ""].join(" ").trim() || null, title: c.hint ? c.hint(row) : null }, content);
  })));
  const left = host.scrollLeft;
  host.replaceChildren(FB.h("table", {}, FB.h("thead", {}, FB.h("tr", {}, ...heads)), FB.h("tbody", {}, ...lines)));
  host.scrollLeft = left;
};
FB.mark = (rank) => (rank === 1 ? "first" : rank === 2 ? "second" : "");
/** Places of values that are the better the smaller, 1 the best; equal values share the better place. */
FB.places = (costs) => costs.map((cost) => (cost === null ? null : 1 + costs.filter((other) => other !== null && other < cost).length));
/** The same with equal values sharing the mean of their ranks, as mean ranks need it. */
FB.ranks = (costs) => costs.map((cost) => {
  if (cost === null) return null;
  const less = costs.filter((other) => other !== null && other < cost).length;
  const equal = costs.filter((other) => other === cost).length;
  return less + (equal + 1) / 2;
});

// ------------------------------------------------------------------ notes below tables
/** A sentence in the language of the page, of a manifest or of a task: a text under note_… has names in braces for what differs. */
FB.say = (sentence, kind = "note_") => {
  for (const [key, { en }] of Object.entries(FB.text)) {
    if (!key.startsWith(kind)) continue;
    const names = [];
    const pattern = en.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{(\w+)\}/g, (_, name) => { names.push(name); return "(.+?)"; });
    const found = sentence.match(new RegExp(`^${pattern}$`));
    if (found) return FB.t(key).replace(/\{(\w+)\}/g, (_, name) => found[names.indexOf(name) + 1]);
  }
  return sentence;
};
/** Number the notes of rows; what all of them have is said once, without a number. */
FB.footnotes = (rows) => {
  const said = [...new Set(rows.flatMap((row) => row.notes))];
  const shared = said.filter((note) => rows.every((row) => row.notes.includes(note)));
  const numbered = said.filter((note) => !shared.includes(note));
  return { shared, numbered, of: (row) => numbered.map((note, i) => (row.notes.includes(note) ? i + 1 : 0)).filter(Boolean) };
};
FB.marks = (numbers) => (numbers.length ? FB.h("sup", {}, numbers.join(",")) : null);
/** Write numbered notes into a list that stands below a table; `say` puts a note into words. */
FB.drawFootnotes = (host, notes, say = FB.say) => host.replaceChildren(
  ...notes.shared.map((note) => FB.h("li", {}, say(note))),
  ...notes.numbered.map((note, i) => FB.h("li", {}, FB.h("sup", {}, String(i + 1)), ` ${say(note)}`)));

// ------------------------------------------------------------------ plots
/** Text for a plot, which reads some markup. */
FB.plain = (text) => String(text).replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]).replace(/\s+/g, " ");
FB.css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
FB.shades = () => (FB.theme === "dark"
  ? ["#6fb6d6", "#e89a70", "#8fc98a", "#c6a1e0", "#e0c35c", "#e58aa4", "#7fd1c1", "#b9b2a4", "#9fb2f0", "#c9d36e"]
  : ["#1f6f8b", "#c2603a", "#3f8047", "#7d52a0", "#9a7400", "#b0405f", "#16827a", "#6e675a", "#4a5fb0", "#6c7a10"]);
/** Colour and marker belong to a method on every page; the next ten methods have the colours again with other markers. */
const methodPlace = Object.fromEntries(FB.index.methods.map(({ label }, place) => [label, place]));
FB.symbols = ["circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon", "triangle-down", "pentagon"];
FB.shade = (method) => { const shades = FB.shades(); return shades[(methodPlace[method] || 0) % shades.length]; };
FB.symbol = (method) => FB.symbols[Math.floor((methodPlace[method] || 0) / FB.shades().length) % FB.symbols.length];
/** Round numbers on a logarithmic axis, written in full, as many as there is room for. */
FB.roundNumbers = (low, high, most) => {
  for (const steps of [[1, 1.5, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]]) {
    const powers = Array.from({ length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 }, (_, i) => Math.floor(Math.log10(low)) + i);
    const found = powers.flatMap((power) => steps.map((step) => Number(`${step}e${power}`))).filter((number) => number >= low && number <= high);
    if (found.length <= most) return found;
    if (steps.length === 1) return found.filter((_, i) => i % Math.ceil(found.length / most) === 0);
  }
  return [];
};
const markLogarithmic = (host) => {
  const change = {};
  for (const name of ["xaxis", "yaxis"]) {
    const axis = host._fullLayout[name];
    if (!axis || axis.type !== "log") continue;
    const ends = axis.range.map((end) => 10 ** end).sort((a, b) => a - b);
    const marks = FB.roundNumbers(...ends, Math.max(2, Math.floor((name === "xaxis" ? host.clientWidth / 70 : host.clientHeight / 40))));
    const wanted = marks.length > 1 ? marks : null; // of a narrow range Plotly's own are good
    if (JSON.stringify(wanted) === JSON.stringify(axis.tickmode === "array" ? axis.tickvals : null)) continue;
    change[`${name}.tickmode`] = wanted ? "array" : "auto";
    change[`${name}.tickvals`] = wanted;
    change[`${name}.ticktext`] = wanted && wanted.map((mark) => (mark >= 1e6 || mark < 1e-4 ? mark.toExponential().replace("e+", "e") : String(mark)));
  }
  return Object.keys(change).length ? Plotly.relayout(host, change) : null;
};
FB.plot = (host, traces, layout = {}) => {
  const ink = FB.css("--ink"), line = FB.css("--line");
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true };
  const shared = {
    autosize: true, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: FB.css("--face"), size: 13, color: ink }, margin: { l: 60, r: 20, t: 38, b: 60 }, // the buttons at the top must not cover labels
    hoverlabel: { bgcolor: FB.css("--raised"), bordercolor: line, font: { color: ink }, namelength: -1 }, colorway: FB.shades(), showlegend: false,
    legend: { orientation: "h", y: -0.22, x: 0 }, ...layout,
  };
  for (const name of ["xaxis", "yaxis", "xaxis2", "yaxis2"]) {
    if (layout[name] || name === "xaxis" || name === "yaxis") {
      const given = layout[name] || {};
      shared[name] = { ...axis, ...given, title: { standoff: 12, ...given.title } };
    }
  }
  // Plotly is large: the tables need not wait for it
  return FB.script("assets/plotly.min.js").then(() => Plotly.react(host, traces, shared, { displaylogo: false, responsive: true, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"], toImageButtonOptions: { format: "svg" } })).then(() => {
    if (!host.dataset.marked) {
      host.dataset.marked = "yes";
      host.on("plotly_relayout", () => markLogarithmic(host));
    }
    return markLogarithmic(host);
  });
};
FB.onPoint = (host, go) => {
  if (host.dataset.listening) return;
  host.dataset.listening = "yes";
  host.on("plotly_click", (event) => {
    const to = event.points[0] && event.points[0].customdata;
    if (to) location.href = go(to);
  });
};

FB.translate();
