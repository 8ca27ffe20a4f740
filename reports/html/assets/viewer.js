// One pair: results and sources compared by slider, side by side and as a difference, zooming together.
"use strict";
(() => {
  const { h, t, $, index } = FB;
  const LARGEST = 32;
  const state = {
    file: "", pair: 0, data: null, wanted: [], mode: "slider", divider: 50, zoom: 1, x: 0, y: 0,
    colour: true, gain: 4, heated: true, sort: { id: "method", down: false },
  };

  // ---------------------------------------------------------------- what there is to see of the pair
  // what the sources of a task are, as far as it is the same for all data sets
  const MODALITIES = { IVF: ["infrared", "visible"], MEF: ["over_exposed", "under_exposed"], MFF: ["near", "far"] };
  const sourceName = (data, side) => {
    const { tasks } = index.datasets[FB.datasetAt(data.file)];
    const known = tasks.length === 1 && data.pairs[state.pair].sources.length === 2 ? MODALITIES[tasks[0]] : null;
    return known ? t(known[side]) : `${t("source")} ${FB.letter(side)}`;
  };
  const items = () => {
    const { data, pair } = state;
    const sources = data.pairs[pair].sources.map((address, side) => (address ? { id: `s:${FB.letter(side)}`, name: sourceName(data, side), image: FB.address(address), thumb: FB.sourcePath(data, side, pair) } : null));
    const results = Object.keys(data.methods).map((method) => (FB.hasResult(data, method, pair) ? { id: `m:${method}`, name: method, image: FB.resultImage(data, method, pair, state.colour), thumb: FB.resultPath(data, method, pair), gray: !state.colour } : null));
    return [...sources, ...results].filter(Boolean);
  };
  const selected = (all) => {
    const found = state.wanted.map((id) => all.find((item) => item.id === id)).filter(Boolean);
    const spare = [...all.filter((item) => item.id.startsWith("m:")), ...all].filter((item) => !found.includes(item));
    while (found.length < Math.min(2, all.length)) found.push(spare.shift());
    return found;
  };

  // ---------------------------------------------------------------- the stage
  const layer = (item, extra = "") => {
    const img = h("img", { src: item.image, alt: item.name, draggable: "false", decoding: "async" });
    img.addEventListener("error", () => { // moved away from where the report was made: its small picture is left
      img.src = FB.thumb(item.thumb);
      $("stage-note").textContent = t("only_small");
    }, { once: true });
    return h("div", { class: `layer ${extra}` }, img);
  };
  const tag = (item, side) => h("span", { class: `tag ${side} label` }, item.name);
  const pane = (...children) => h("div", { class: "pane" }, ...children);

  const drawStage = () => {
    const stage = $("stage"), all = items(), chosen = selected(all);
    stage.dataset.mode = state.mode;
    stage.style.setProperty("--count", chosen.length);
    $("stage-note").textContent = all.length ? (state.mode === "difference" ? t("difference_note") : "") : t("no_pictures");
    stage.hidden = !all.length;
    if (!all.length) { stage.replaceChildren(); return; }
    const [left, right = left] = chosen;
    let panes;
    if (state.mode === "side") panes = chosen.map((item) => pane(layer(item), tag(item, "on-left")));
    else if (state.mode === "difference") {
      panes = [pane(h("div", { class: "blend" }, layer(left), layer(right, "difference")), tag(left, "on-left"), tag(right, "on-right"))];
    } else {
      const handle = h("div", { class: "divider", id: "divider", role: "slider", tabindex: "0", "aria-label": t("divider"), "aria-valuemin": "0", "aria-valuemax": "100", "aria-orientation": "horizontal" }, h("span", { "aria-hidden": "true" }, "⇔"));
      handle.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -100, End: 100 }[event.key];
        if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        event.stopPropagation();
        moveDivider(state.divider + step * (event.shiftKey ? 5 : 1));
      });
      panes = [pane(layer(right), h("div", { class: "clip" }, layer(left)), handle, tag(left, "on-left"), tag(right, "on-right"))];
    }
    const focused = document.activeElement && document.activeElement.id === "divider";
    stage.replaceChildren(...panes);
    if (focused && $("divider")) $("divider").focus({ preventScroll: true });
    const images = [...stage.querySelectorAll("img")];
    const fit = () => {
      const wide = Math.max(...images.map((img) => img.naturalWidth));
      const high = Math.max(...images.map((img) => img.naturalHeight));
      if (!wide) return;
      stage.style.setProperty("--ratio", wide / high);
      for (const img of images) { // what a network cropped by a few pixels stays on those of the others
        const cropped = img.naturalWidth > wide * 7 / 8 && img.naturalHeight > high * 7 / 8;
        img.style.width = cropped ? `${100 * img.naturalWidth / wide}%` : "";
        img.style.height = cropped ? `${100 * img.naturalHeight / high}%` : "";
      }
      applyView();
    };
    for (const img of images) img.addEventListener("load", fit);
    fit();
    for (const each of stage.querySelectorAll(".pane")) listen(each);
    moveDivider(state.divider);
    applyView();
    applyGain();
  };

  const moveDivider = (percent) => {
    state.divider = Math.min(100, Math.max(0, percent));
    $("stage").style.setProperty("--divider", `${state.divider}%`);
    const handle = $("divider");
    if (handle) handle.setAttribute("aria-valuenow", String(Math.round(state.divider)));
  };
  const applyView = () => {
    state.zoom = Math.min(LARGEST, Math.max(1, state.zoom));
    state.x = Math.min(0, Math.max(1 - state.zoom, state.x));
    state.y = Math.min(0, Math.max(1 - state.zoom, state.y));
    const stage = $("stage");
    stage.style.setProperty("--view", `translate(${state.x * 100}%, ${state.y * 100}%) scale(${state.zoom})`);
    // enlarged differences are those of pixels: interpolated ones are not exact
    const img = stage.querySelector("img");
    const enlarged = img && img.naturalWidth && img.clientWidth * state.zoom * devicePixelRatio >= img.naturalWidth;
    stage.classList.toggle("pixels", state.zoom >= 4 || Boolean(state.mode === "difference" && enlarged));
    stage.classList.toggle("zoomed", state.zoom > 1);
    // of the picture's own pixels on those of the screen
    const scale = img && img.naturalWidth ? (img.clientWidth * state.zoom * devicePixelRatio) / img.naturalWidth : null;
    $("zoom-value").textContent = scale ? `${Math.round(scale * 100)} %` : "–";
  };
  const zoomAt = (factor, fx = 0.5, fy = 0.5) => {
    const zoom = Math.min(LARGEST, Math.max(1, state.zoom * factor));
    state.x = fx - (fx - state.x) * (zoom / state.zoom);
    state.y = fy - (fy - state.y) * (zoom / state.zoom);
    state.zoom = zoom;
    applyView();
  };
  const applyGain = () => {
    const gain = state.gain;
    $("gain-value").textContent = `×${gain}`;
    const [r, g, b] = [0.299 * gain, 0.587 * gain, 0.114 * gain];
    const line = `${r} ${g} ${b} 0 0`;
    $("heat-gain").setAttribute("values", `${line}  ${line}  ${line}  0 0 0 1 0`);
    const blend = document.querySelector(".blend");
    if (blend) blend.style.filter = state.heated ? "url(#heat)" : `brightness(${gain})`;
  };

  // ---------------------------------------------------------------- mouse, pen and fingers
  const pointers = new Map();
  const listen = (target) => {
    const at = (event) => {
      const box = target.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    let dividing = false;
    target.addEventListener("wheel", (event) => {
      if (state.zoom === 1 && event.deltaY > 0) return; // nothing to zoom out of: let the page scroll
      event.preventDefault();
      zoomAt(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...at(event));
    }, { passive: false });
    target.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      pointers.set(event.pointerId, at(event));
      target.setPointerCapture(event.pointerId);
      const handle = event.target.closest(".divider");
      dividing = state.mode === "slider" && (Boolean(handle) || state.zoom === 1);
      if (handle) handle.focus({ preventScroll: true });
      if (dividing) moveDivider(at(event)[0] * 100);
      event.preventDefault();
    });
    target.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const now = at(event);
      const other = [...pointers].find(([id]) => id !== event.pointerId);
      pointers.set(event.pointerId, now);
      if (other) {
        const [ox, oy] = other[1];
        const span = ([x, y]) => Math.hypot(x - ox, y - oy) || 1e-3;
        zoomAt(span(now) / span(before), (now[0] + ox) / 2, (now[1] + oy) / 2);
      } else if (dividing) moveDivider(now[0] * 100);
      else {
        state.x += now[0] - before[0];
        state.y += now[1] - before[1];
        applyView();
      }
    });
    const end = (event) => pointers.delete(event.pointerId);
    target.addEventListener("pointerup", end);
    target.addEventListener("pointercancel", end);
    target.addEventListener("dblclick", (event) => { if (state.zoom > 1) { state.zoom = 1; applyView(); } else zoomAt(4, ...at(event)); });
  };

  // ---------------------------------------------------------------- choosing
  const choose = (side, id) => {
    const now = selected(items()).map((item) => item.id);
    const other = now.indexOf(id);
    if (other >= 0) now[other] = now[side];
    now[side] = id;
    state.wanted = now;
    drawPair();
  };
  const toggle = (id) => {
    const now = selected(items()).map((item) => item.id);
    if (!now.includes(id)) {
      if (state.mode === "side") now.push(id); else now.splice(1, 1, id);
    } else if (now.length > 2) now.splice(now.indexOf(id), 1);
    else if (now[0] === id) now.reverse();
    state.wanted = now;
    drawPair();
    const button = [...document.querySelectorAll("#thumbs button")].find((each) => each.dataset.id === id);
    if (button) button.focus({ preventScroll: true });
  };
  const drawThumbs = (all, chosen) => {
    $("thumbs").replaceChildren(...all.map((item) => {
      const place = chosen.indexOf(item);
      const mark = place < 0 ? "" : place === 0 ? t("left") : place === 1 ? t("right") : String(place + 1);
      return h("button", { type: "button", "data-id": item.id, "aria-pressed": String(place >= 0), title: item.name, onclick: () => toggle(item.id) },
        h("span", { class: "frame" }, FB.thumbnail(item.thumb, item.gray), mark ? h("em", {}, mark) : null), h("span", { class: "label" }, item.name));
    }));
  };

  // ---------------------------------------------------------------- numbers
  const drawNumbers = () => {
    const { data, pair, file } = state;
    const board = index.boards[FB.datasetAt(file)];
    const rows = Object.entries(data.methods).map(([method, run]) => ({
      method, run, status: run.missing.includes(pair) ? "missing" : run.notes[pair] ? run.notes[pair][0] : "ok", reason: (run.notes[pair] || ["", ""])[1],
    }));
    const value = (row, key) => { const list = row.run.values[key]; return list && typeof list[pair] === "number" ? list[pair] : null; };
    const places = Object.fromEntries(board.metrics.map((key) => [key, FB.places(rows.map((row) => (value(row, key) === null ? null : FB.cost(key, value(row, key)))))]));
    rows.forEach((row, i) => { row.places = Object.fromEntries(board.metrics.map((key) => [key, places[key][i]])); });
    const bad = rows.some((row) => row.status !== "ok" || row.reason);
    const columns = [
      { id: "method", word: "method", text: true, value: (row) => row.method, cell: (row) => h("a", { class: "label", href: `methods/${FB.methodFile[row.method]}.html` }, row.method) },
      ...(bad ? [{ id: "status", word: "status", text: true, value: (row) => row.status, cell: (row) => (row.status === "ok" && !row.reason ? t("scored") : h("span", { class: "badge", title: row.reason }, t(row.status === "ok" ? "scored" : row.status), row.reason ? h("small", { class: "label" }, row.reason) : null)) }] : []),
      { id: "seconds", word: "seconds", value: (row) => row.run.seconds[pair], cell: (row) => FB.milliseconds(row.run.seconds[pair]) },
      ...board.metrics.map((key) => ({
        id: key, label: `${FB.metric[key].name} ${FB.arrow[FB.metric[key].better]}`, title: key,
        sub: h("a", { class: "sub", href: `metrics/${FB.metric[key].file}.html`, title: key }, key.slice(key.lastIndexOf("@") + 1)),
        value: (row) => { const number = value(row, key); return number === null ? null : FB.cost(key, number); },
        cell: (row) => h("span", { class: "number" }, FB.fixed(value(row, key), board.digits[key])), mark: (row) => FB.mark(row.places[key]),
      })),
    ];
    FB.table($("numbers"), { columns, rows, sort: state.sort, onSort: (sort) => { state.sort = sort; drawNumbers(); } });
  };

  // ---------------------------------------------------------------- the pair
  const drawPair = () => {
    const { data, pair } = state;
    if (!data) return;
    const all = items(), chosen = selected(all);
    const name = data.pairs[pair].name;
    $("title").textContent = name;
    document.title = `${name} · ${index.datasets[FB.datasetAt(state.file)].label} · ${t("viewer")}`;
    $("pair").value = String(pair);
    $("position").textContent = `${pair + 1} / ${data.pairs.length}`;
    const options = all.map((item) => [item.id, item.name]);
    FB.fill($("left"), options, chosen[0] && chosen[0].id);
    FB.fill($("right"), options, chosen[1] && chosen[1].id);
    $("colour-label").hidden = !Object.values(data.methods).some((run) => run.colour[pair] && run.fused[pair]);
    document.body.dataset.mode = state.mode;
    drawThumbs(all, chosen);
    drawStage();
    drawNumbers();
    // the neighbours' pictures, so that stepping through pairs does not flicker
    for (const step of [1, -1]) {
      const near = pair + step;
      if (near < 0 || near >= data.pairs.length) continue;
      for (const item of chosen) {
        const method = item.id.slice(2);
        if (item.id.startsWith("m:") && FB.hasResult(data, method, near)) new Image().src = FB.resultImage(data, method, near, state.colour);
      }
    }
  };
  const remember = () => {
    const hash = new URLSearchParams({ d: state.file, p: state.data.pairs[state.pair].file });
    history.replaceState(null, "", `#${hash}`);
  };
  const go = (pair) => {
    if (!state.data || pair < 0 || pair >= state.data.pairs.length) return;
    state.pair = pair;
    remember();
    drawPair();
  };
  const open = (file, pairFile) => FB.load(file).then((data) => {
    state.file = file;
    state.data = data;
    $("dataset").value = file;
    FB.fill($("pair"), data.pairs.map((pair, i) => [String(i), pair.name]), "0");
    const found = data.pairs.findIndex((pair) => pair.file === pairFile);
    state.pair = Math.max(0, found);
    drawPair();
    if (pairFile && found < 0) $("stage-note").textContent = t("no_pair");
    else remember();
  });
  const fromHash = () => {
    const hash = new URLSearchParams(location.hash.slice(1));
    if (hash.get("l")) state.wanted = [hash.get("l"), ...state.wanted.filter((id) => id !== hash.get("l"))];
    return open(FB.datasetAt(hash.get("d")) >= 0 ? hash.get("d") : index.datasets[0].file, hash.get("p"));
  };
  const setMode = (mode) => {
    state.mode = mode;
    for (const radio of document.getElementsByName("mode")) radio.checked = radio.value === mode;
    drawPair();
  };

  FB.fillDatasets($("dataset"), index.datasets[0].file);
  $("dataset").addEventListener("change", () => open($("dataset").value, ""));
  $("pair").addEventListener("change", () => go(Number($("pair").value)));
  $("previous").addEventListener("click", () => go(state.pair - 1));
  $("next").addEventListener("click", () => go(state.pair + 1));
  for (const radio of document.getElementsByName("mode")) radio.addEventListener("change", () => setMode(radio.value));
  $("left").addEventListener("change", () => choose(0, $("left").value));
  $("right").addEventListener("change", () => choose(1, $("right").value));
  $("colour").addEventListener("change", () => { state.colour = $("colour").checked; drawPair(); });
  $("gain").addEventListener("input", () => { state.gain = Number($("gain").value); applyGain(); });
  $("heated").addEventListener("change", () => { state.heated = $("heated").checked; applyGain(); });
  $("zoom-in").addEventListener("click", () => zoomAt(1.5));
  $("zoom-out").addEventListener("click", () => zoomAt(1 / 1.5));
  $("zoom-reset").addEventListener("click", () => zoomAt(1 / LARGEST));
  window.addEventListener("hashchange", fromHash);
  window.addEventListener("resize", () => { if (state.data) applyView(); });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !state.data) return;
    if (event.target.closest("input, select, textarea, .scroll")) return;
    const pan = (dx, dy) => { state.x += dx; state.y += dy; applyView(); };
    const keys = {
      ArrowLeft: () => (event.shiftKey ? pan(0.1, 0) : go(state.pair - 1)), ArrowRight: () => (event.shiftKey ? pan(-0.1, 0) : go(state.pair + 1)),
      ArrowUp: () => pan(0, 0.1), ArrowDown: () => pan(0, -0.1), "+": () => zoomAt(1.5), "=": () => zoomAt(1.5), "-": () => zoomAt(1 / 1.5), 0: () => zoomAt(1 / LARGEST),
      1: () => setMode("slider"), 2: () => setMode("side"), 3: () => setMode("difference"),
      s: () => { state.wanted = selected(items()).map((item) => item.id); state.wanted.splice(0, 2, state.wanted[1], state.wanted[0]); drawPair(); },
    };
    const vertical = event.key === "ArrowUp" || event.key === "ArrowDown";
    if (!keys[event.key] || (vertical && (state.zoom === 1 || !event.shiftKey))) return; // else the page scrolls
    event.preventDefault();
    keys[event.key]();
  });
  fromHash().then(() => FB.onChange(drawPair));
})();
