// Vega-Lite specifications of the charts, from rows of figures.
//
// A row has: code, name, colour, x (year), period, value (the number to draw, or null), exact (the same as text), label (what is
// said about it), isGroup, isChosen. `room` is the width in pixels; `texts` has the translated words of the axes. Colours are CSS
// variables of the page, so that the same chart works in light and in dark mode.
const charts = (() => {
  const INK = "var(--ink)", SOFT = "var(--soft)", LINE = "var(--line)", PAGE = "var(--panel)", ABSENT = "var(--no-figure)", CHOSEN = "var(--chosen)";
  const RAMP = [1, 2, 3, 4, 5].map((step) => `var(--ramp-${step})`);
  const NARROW = 560, FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
  // Marks that only the eye needs are hidden from screen readers; each figure has one mark that says what it is.
  const silent = (mark) => ({ ...mark, aria: false });
  const said = { field: "label" };

  const config = {
    background: null,
    font: FONT,
    view: { stroke: null },
    axis: { aria: false, labelColor: SOFT, titleColor: SOFT, gridColor: LINE, domainColor: LINE, tickColor: LINE, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" },
    legend: { aria: false, layout: { bottom: { direction: "vertical", anchor: "start", margin: 8 } }, labelColor: INK, titleColor: SOFT, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelLimit: 320 },
    text: { fill: INK, fontSize: 12 },
  };

  const linesOf = (text, width) => wrapped(text, width, `600 12px ${FONT}`);

  // Labels beside the ends of lines must not cover each other: each moves down as far as the one above it demands, and all of
  // them move up again by as much as the last one leaves the picture. Positions are in pixels from the top.
  const spread = (labels, bottom) => {
    labels.sort((a, b) => a.top - b.top);
    let free = 0;
    for (const label of labels) {
      label.top = Math.max(label.top, free);
      free = label.top + 15 * label.lines.length;
    }
    let limit = bottom;
    for (const label of labels.toReversed()) {
      label.top = Math.min(label.top, limit - 15 * label.lines.length);
      limit = label.top;
    }
    return labels;
  };

  const domainOf = (rows, scale) => {
    const values = rows.map((row) => row.value).filter((value) => value !== null);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    if (scale.isRank) return [1, Math.max(2, scale.last)];
    if (scale.minimum !== null) return [Math.min(scale.minimum, low), Math.max(scale.maximum ?? high, high)];
    return low < 0 ? [Math.floor(low), Math.max(0, Math.ceil(high))] : [0, high || 1];
  };
  const rankTicks = (last) => [1, ...[25, 50, 75, 100, 125, 150, 175].filter((tick) => tick < last - 8), last];

  // The line of each country or group over the periods. A line stops where a figure is missing; the strip below has a cross there.
  const line = ({ rows, periods, breaks, scale, room, texts }) => {
    const isNarrow = room < NARROW, plot = isNarrow ? 260 : 340;
    const chosen = [...new Map(rows.map((row) => [row.name, row.colour])).entries()];
    const absent = [...new Set(rows.filter((row) => row.value === null).map((row) => row.name))];
    const strip = absent.length ? 24 + 14 * absent.length : 0;
    const domain = domainOf(rows, scale);
    const entry = (name) => linesOf(name, room - 60).join("\n"); // a long name takes several lines of the legend
    const top = (value) => {
      const share = (value - domain[0]) / (domain[1] - domain[0]);
      return plot * (scale.isRank ? share : 1 - share);
    };
    const labels = isNarrow ? [] : spread(
      chosen.flatMap(([name, colour]) => {
        const last = rows.filter((row) => row.name === name && row.value !== null).at(-1);
        const lines = linesOf(name, 150);
        return last ? [{ lines, colour, name, entry: entry(name), top: top(last.value) - 7.5 * lines.length, x: last.x }] : [];
      }),
      plot + strip,
    );
    const years = [...new Set(periods.map((period) => period.x))];
    const [first, last] = [years[0], years.at(-1)];
    const x = {
      field: "x", type: "quantitative",
      scale: { domain: first === last ? [first - 1, last + 1] : [first, last], nice: false, padding: 10 },
      axis: { title: null, format: "d", grid: false, values: years, labelOverlap: true, labelFlush: false },
    };
    const y = {
      field: "value", type: "quantitative",
      scale: { domain, nice: false, range: scale.isRank ? [0, plot] : [plot, 0], zero: false },
      axis: { title: texts.axis, titleAnchor: "end", titleAngle: 0, titleAlign: "left", titleX: 0, titleY: -12, domain: false, ticks: false, ...(scale.isRank ? { values: rankTicks(scale.last) } : { tickCount: 6 }) },
    };
    const legend = isNarrow ? { title: null, orient: "bottom", direction: "vertical", columns: 1, symbolType: "circle", symbolOpacity: 1, labelExpr: "split(datum.label, '\\n')" } : null;
    const named = rows.map((row) => ({ ...row, entry: entry(row.name) }));
    const colour = { field: "entry", type: "nominal", scale: { domain: chosen.map(([name]) => entry(name)), range: chosen.map(([, each]) => each) }, legend };
    return {
      width: room, height: plot + strip, autosize: { type: "fit-x", contains: "padding" }, padding: { left: 4, top: 22, bottom: 4, right: isNarrow ? 8 : 4 }, config,
      data: { values: named },
      layer: [
        {
          layer: [
            ...(breaks.length ? [{
              data: { values: breaks },
              mark: { type: "rule", strokeDash: [2, 3], stroke: SOFT, opacity: 0.55 }, encoding: { x, description: said },
            },
            {
              data: { values: breaks },
              mark: silent({ type: "point", shape: "triangle-down", filled: true, size: 55, fill: SOFT, opacity: 1 }),
              encoding: { x, y: { value: -5 } },
            }] : []),
            { mark: silent({ type: "line", strokeWidth: 2.5, invalid: "break-paths-show-path-domains" }), encoding: { x, y, color: colour, strokeDash: { condition: { test: "datum.isGroup", value: [6, 4] }, value: [1, 0] } } },
            { mark: silent({ type: "point", filled: true, size: 36, opacity: 1 }), encoding: { x, y, color: colour } },
            {
              transform: [{ filter: "isValid(datum.value)" }],
              mark: { type: "point", filled: true, size: 420, opacity: 0 }, encoding: { x, y, description: said },
            },
            {
              data: { values: labels },
              mark: silent({ type: "text", align: "left", baseline: "top", dx: 9, dy: 2, fontWeight: 600, lineHeight: 15 }),
              encoding: { x, y: { field: "top", type: "quantitative", scale: null, axis: null }, text: { field: "lines" }, color: colour },
            },
          ],
        },
        ...(strip ? [{
          data: { values: named.filter((row) => row.value === null).map((row) => ({ ...row, slot: plot + 28 + 14 * absent.indexOf(row.name) })) },
          mark: { type: "point", shape: "cross", angle: 45, size: 60, filled: true, opacity: 1 },
          encoding: { x, y: { field: "slot", type: "quantitative", scale: null, axis: null }, color: colour, description: said },
        }, {
          data: { values: [{ text: texts.absent }] },
          mark: silent({ type: "text", align: "left", baseline: "bottom", x: 4, y: plot + 20, fill: SOFT, fontSize: 11 }), encoding: { text: { field: "text" } },
        }, {
          data: { values: [{}] },
          mark: silent({ type: "rule", stroke: LINE, y: plot + 6, x: 0, x2: "width" }), encoding: {},
        }] : []),
      ],
    };
  };

  // All countries in one row, from the first to the last, and below it a bar for each that was chosen.
  const bars = ({ rows, chosen, scale, room, texts }) => {
    const width = room - 8, domain = domainOf([...rows, ...chosen], scale);
    const place = { field: "place", type: "quantitative", scale: { domain: [0.5, rows.length + 0.5], nice: false }, axis: null };
    const skyline = rows.map((row, number) => ({ ...row, place: number + 1, from: number + 0.5, to: number + 1.5 }));
    const x = { field: "from", type: "quantitative", scale: place.scale, axis: null }, x2 = { field: "to" };
    const amounts = rows.map((row) => row.amount).filter((amount) => amount !== null);
    const height = { field: "amount", type: "quantitative", scale: { domain: [Math.min(0, ...amounts), Math.max(0, ...amounts)], nice: false }, axis: null };
    const lengthOf = (row) => (row.value === null ? null : scale.isRank ? scale.last + 1 - row.value : row.value);
    const all = {
      width, height: 120,
      data: { values: skyline.map((row) => ({ ...row, zero: 0 })) },
      layer: [
        { mark: silent({ type: "rect" }), encoding: { x, x2, y: height, y2: { field: "zero" }, color: { field: "colour", type: "nominal", scale: null } } },
        { mark: { type: "rect", opacity: 0 }, encoding: { x, x2, y: { value: 0 }, y2: { value: 120 }, description: said } },
      ],
    };
    const length = {
      field: "length", type: "quantitative", axis: null,
      scale: { domain: scale.isRank ? [0, scale.last] : [Math.min(0, domain[0]), domain[1]], nice: false },
    };
    const each = chosen.map((row, number) => ({
      ...row, length: lengthOf(row), zero: 0, head: 44 * number + 14, bar: 44 * number + 29,
      text: row.value === null ? linesOf(`${row.name}: ${row.short}`, width) : `${row.name}: ${row.short}`,
    }));
    const single = {
      width, height: 44 * each.length,
      data: { values: each },
      layer: [
        { mark: silent({ type: "bar", height: 14, cornerRadiusEnd: 2 }), encoding: { x: length, x2: { field: "zero" }, y: { field: "bar", type: "quantitative", scale: null, axis: null }, color: { field: "colour", type: "nominal", scale: null } } },
        { mark: silent({ type: "text", align: "left", baseline: "middle", x: 0, fontSize: 13, fontWeight: 600, lineHeight: 16, limit: width }), encoding: { y: { field: "head", type: "quantitative", scale: null, axis: null }, text: { field: "text" } } },
        { mark: { type: "rect", opacity: 0, x: 0, x2: "width" }, encoding: { y: { field: "head", type: "quantitative", scale: null, axis: null }, y2: { field: "bar" }, description: said } },
      ],
    };
    return { autosize: { type: "pad", contains: "padding" }, padding: 4, spacing: 14, config, vconcat: amounts.length > 1 ? [{ ...all, title: { text: linesOf(texts.all, width), anchor: "start", fontSize: 12, fontWeight: "normal", color: SOFT } }, single] : [single] };
  };

  // The world. A country that is too small to have a shape is a dot.
  const map = ({ rows, world, scale, room, texts }) => {
    const height = Math.round(room * 0.46), dot = room < NARROW ? 14 : 30;
    const values = rows.map((row) => row.value).filter((value) => value !== null).toSorted((a, b) => a - b);
    // Counts of small and large states differ by magnitudes: each colour stands for a fifth of the states, equal counts together.
    const steps = Map.groupBy(scale.isSkewed ? values : [], (value) => Math.floor((RAMP.length * values.indexOf(value)) / values.length));
    const named = new Map([...steps.values()].flatMap((found) => found.map((value) => [value, [...new Set([found[0], found.at(-1)])].map(texts.tell).join(" – ")])));
    const shown = rows.map((row) => ({ ...row, step: named.get(row.value) }));
    const dots = shown.filter((row) => world.dots[row.m49]).map((row) => ({ ...row, longitude: world.dots[row.m49][0], latitude: world.dots[row.m49][1] }));
    const shapes = shown.filter((row) => !world.dots[row.m49]);
    const legend = { title: texts.axis, orient: "bottom", titleLimit: room };
    const colour = scale.isSkewed ? {
      field: "step", type: "nominal",
      scale: { domain: [...new Set(named.values())], range: [...steps.keys()].map((step) => RAMP[step]) },
      legend: { ...legend, direction: "vertical", columns: 1, symbolType: "square", symbolStrokeWidth: 0 },
    } : {
      field: "value", type: "quantitative",
      scale: { type: "quantize", domain: domainOf(rows, scale), nice: false, zero: false, range: scale.isRank ? RAMP.toReversed() : RAMP },
      legend: { ...legend, direction: "horizontal", gradientLength: Math.min(300, room - 40), tickCount: 5, ...(scale.format ? { format: scale.format } : {}) },
    };
    const absent = { datum: texts.absent, scale: { domain: [texts.absent], range: [ABSENT] }, legend: { title: null, orient: "bottom", direction: "vertical", symbolType: "square" } };
    const outline = { stroke: PAGE, strokeWidth: 0.5 };
    const topology = { values: world.topology, format: { type: "topojson", feature: "countries" } };
    const joined = [{ lookup: "id", from: { data: { values: shapes }, key: "m49", fields: ["code", "value", "step", "label", "isChosen"] } }];
    const position = { longitude: { field: "longitude", type: "quantitative" }, latitude: { field: "latitude", type: "quantitative" } };
    const ring = { condition: { test: "datum.isChosen", value: CHOSEN }, value: PAGE };
    const thick = { condition: { test: "datum.isChosen", value: 2.2 }, value: 0.6 };
    return {
      width: room, height, autosize: { type: "fit-x", contains: "padding" }, padding: 2, config,
      projection: { type: "equalEarth" },
      layer: [
        { data: topology, transform: [...joined, { filter: "!isValid(datum.code)" }], mark: silent({ type: "geoshape", ...outline }), encoding: { fill: absent } },
        { data: topology, transform: [...joined, { filter: "isValid(datum.code) && !isValid(datum.value)" }], mark: { type: "geoshape", ...outline, fill: ABSENT }, encoding: { description: said, stroke: ring, strokeWidth: thick } },
        { data: topology, transform: [...joined, { filter: "isValid(datum.value)" }], mark: { type: "geoshape" }, encoding: { color: colour, description: said, stroke: ring, strokeWidth: thick } },
        ...(dots.some((row) => row.value === null) ? [{ data: { values: dots.filter((row) => row.value === null) }, mark: { type: "circle", size: dot, opacity: 1, fill: ABSENT, stroke: SOFT }, encoding: { ...position, description: said, strokeWidth: thick } }] : []),
        ...(dots.some((row) => row.value !== null) ? [{ data: { values: dots.filter((row) => row.value !== null) }, mark: { type: "circle", size: dot, opacity: 1 }, encoding: { ...position, color: colour, description: said, stroke: { condition: { test: "datum.isChosen", value: CHOSEN }, value: SOFT }, strokeWidth: thick } }] : []),
      ],
    };
  };

  return { line, bars, map };
})();
