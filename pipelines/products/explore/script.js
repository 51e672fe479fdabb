// The page: its address says what it shows, and every change is a new address.
//
//   #en/EGDI/value/line/2024/KAZ,central_asia,world   an indicator, a measure, a view, a period, up to six countries or groups
//   #en/KAZ                                           the page of a country
//
// Texts from the data are only ever set as text, never as markup.
(() => {
  const VIEWS = ["line", "bars", "table", "map"], MOST = 6, START = ["KAZ", "central_asia", "world"];
  const LANGUAGES = ["en", "ru", "kk"];
  const parsed = new Map();
  // A part of the data is parsed when it is first needed.
  const part = (name) => {
    if (!parsed.has(name)) {
      const element = document.getElementById(name);
      parsed.set(name, element && JSON.parse(element.textContent));
    }
    return parsed.get(name);
  };
  const overview = part("overview");
  const countries = new Map(overview.countries.map((country) => [country.code, country]));
  const groups = new Map(overview.groups.map((group) => [group.code, { ...group, isGroup: true }]));
  const indicators = new Map(overview.indicators.map((indicator) => [indicator.code, indicator]));
  const members = overview.countries.filter((country) => country.member);
  const place = (code) => countries.get(code) ?? groups.get(code);

  let language = "en";
  const words = () => part(`words-${language}`);
  // `_` translates a text of the page itself and fills in its places; `mark` shows a text from the data.
  const _ = (text, values = {}) => (words()[text] ?? text).replace(/%(\w+)%/g, (_whole, name) => values[name]);
  const mark = (text, translated = words()[text]) =>
    language === "en" || translated ? document.createTextNode(translated ?? text) : make("span", { lang: "en" }, text);
  const make = (tag, properties = {}, ...content) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in element && typeof value !== "string") element[name] = value;
      else element.setAttribute(name === "className" ? "class" : name, value);
    }
    element.append(...content.flat(Infinity).filter((each) => each !== null && each !== undefined));
    return element;
  };
  const nameOf = (code) => place(code)[language];

  // Numbers: exactly as in the database, with the signs of the language.
  const exact = (value) => {
    const text = String(value);
    return text.includes("e") ? value.toFixed(10).replace(/0+$/, "") : text;
  };
  const told = (value) => {
    const [whole, decimals] = exact(value).replace("-", "−").split(".");
    const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, language === "en" ? "," : "\u00a0") : whole;
    return decimals ? `${grouped}${language === "en" ? "." : ","}${decimals}` : grouped;
  };
  // Half away from zero from the decimal digits, as pages/figures.py does: a text is rounded exactly, a number is not.
  const rounders = new Map([4, 1, 0].map((decimals) => [decimals, new Intl.NumberFormat("en", { maximumFractionDigits: decimals, useGrouping: false, roundingMode: "halfExpand" })]));
  const rounded = (value) => told(Number(rounders.get(Math.abs(value) < 10 ? 4 : Math.abs(value) < 1000 ? 1 : 0).format(exact(value))));
  const yearOf = (period) => Number(period.slice(0, 4));
  const periodName = (period) => (/^\d{4}$/.test(period) ? period : /^\d{4}-A1$/.test(period) ? _("fiscal year %year%", { year: yearOf(period) }) : period);
  const locale = () => (language === "en" ? {} : { formatLocale: { decimal: ",", thousands: "\u00a0", grouping: [3], currency: ["", ""], minus: "−" } });

  // ---- the address

  // Places of an indicator that its source does not rank, as rank_by_value in the database: equal values share a place.
  const placesOf = (columns, periods, isHigherBetter) => {
    const sorted = periods.map((_period, number) => Object.values(columns).map((values) => values[number]).filter((value) => value !== null).sort((a, b) => (isHigherBetter ? b - a : a - b)));
    const places = sorted.map((values) => new Map(values.toReversed().map((value, number) => [value, values.length - number])));
    return Object.fromEntries(Object.entries(columns).map(([code, values]) => [code, values.map((value, number) => (value === null ? null : places[number].get(value)))]));
  };

  // The columns of an indicator, with their entries as numbers, and null where there is none.
  const decoded = new Map();
  const figuresOf = (indicator) => {
    if (!decoded.has(indicator)) {
      const figures = { ...part(`figures-${indicator}`) };
      for (const name of ["values", "ranks", "shares", "means", "assessed"].filter((each) => figures[each])) {
        figures[name] = Object.fromEntries(Object.entries(figures[name]).map(([code, text]) => [code, text.split(",").map((entry) => (entry === "" ? null : Number(entry)))]));
      }
      const compared = figures.shares ?? figures.values ?? {};
      if (!figures.ranks && Object.keys(compared).length > 1) figures.ranks = placesOf(compared, figures.periods, indicators.get(indicator).higher);
      // the periods that compare countries: those with at least half as many figures as the one with the most
      const known = figures.periods.map((_period, number) => Object.values(figures.shares ?? figures.values ?? figures.ranks ?? {}).filter((column) => column[number] !== null).length);
      figures.comparing = figures.periods.filter((_period, number) => 2 * known[number] >= Math.max(...known));
      decoded.set(indicator, figures);
    }
    return decoded.get(indicator);
  };
  const measuresOf = (indicator) => {
    const figures = figuresOf(indicator);
    const found = ["values", "shares", "ranks"].filter((name) => figures[name]).map((name) => name.slice(0, -1));
    return found.length ? found : ["value"]; // of no country is a figure known, only that it is missing
  };
  const isIndicator = (code) => indicators.has(code);
  const standard = (indicator = "EGDI") => ({
    indicator, measure: measuresOf(indicator)[0], view: "line", period: figuresOf(indicator).comparing.at(-1), chosen: START,
  });
  const addressOf = (state) =>
    `#${language}/${state.country ?? [state.indicator, state.measure, state.view, state.period, state.chosen.join(",")].map((each) => encodeURIComponent(each).replaceAll("%2C", ",")).join("/")}`;

  // What an address says, or what is wrong with it. Parts that are left out at the end are the standard ones.
  const read = (address) => {
    const [tongue, ...parts] = address.replace(/^#/, "").split("/").filter(Boolean).map((each) => {
      try { return decodeURIComponent(each); } catch { return each; }
    });
    const own = navigator.language.slice(0, 2);
    language = LANGUAGES.includes(tongue) ? tongue : LANGUAGES.includes(own) ? own : "en";
    if (tongue !== undefined && !LANGUAGES.includes(tongue)) return { wrong: _("“%text%” is not a language of this page.", { text: tongue }) };
    const [what, measure, view, period, chosen] = parts;
    if (what === undefined) return standard();
    const limit = countries.has(what) ? 1 : 5;
    if (parts.length > limit && (limit === 1 || isIndicator(what))) return { wrong: _("“%text%” is more than an address of this page holds.", { text: parts.slice(limit).join("/") }) };
    if (countries.has(what)) return { country: what };
    if (!isIndicator(what)) return { wrong: _("“%text%” is neither a country nor an indicator of this release.", { text: what }) };
    const state = standard(what);
    if (measure !== undefined) {
      if (!measuresOf(what).includes(measure)) return { wrong: _("“%text%” is not a measure of this indicator.", { text: measure }) };
      state.measure = measure;
    }
    if (view !== undefined) {
      if (!VIEWS.includes(view)) return { wrong: _("“%text%” is not a view of this page.", { text: view }) };
      state.view = view;
    }
    if (period !== undefined) {
      if (!figuresOf(what).periods.includes(period)) return { wrong: _("This indicator has no figures for “%text%”.", { text: period }) };
      state.period = period;
    }
    if (chosen !== undefined) {
      const codes = [...new Set(chosen.split(","))];
      const unknown = codes.find((code) => !place(code));
      if (unknown !== undefined) return { wrong: _("“%text%” is not the code of a country or a group of this release.", { text: unknown }) };
      if (codes.length > MOST) return { wrong: _("The address names %number% countries and groups. Expected: six at most.", { number: codes.length }) };
      state.chosen = codes;
    }
    return state;
  };
  const go = (state) => { location.hash = addressOf(state); };

  // ---- figures

  const unitOf = (indicator, measure) =>
    measure === "rank" ? _("place") : measure === "share" ? _("% of all channels") : {
      index_0_1: _("index from 0 to 1"), percent: "%", standard_score: _("standard score"), score_0_100: _("score from 0 to 100"),
      thousands: _("thousands"), count: _("number"), rank: _("place"),
    }[indicator.unit] ?? indicator.unit;
  const indicatorName = (indicator) => (indicator.service ? `${indicator.service[language]}: ${indicator[language] ?? _("all channels")}` : indicator[language]);
  const sourceOf = (figures, code, number) => figures.sources[Number(figures.origins[code]?.[number] ?? 0)];

  // One figure. `value` is null if it is missing, and `label` then says why.
  const figureOf = (state, code, period) => {
    const indicator = indicators.get(state.indicator), figures = figuresOf(state.indicator);
    const number = figures.periods.indexOf(period), isGroup = groups.has(code), isPlaceless = isGroup && state.measure === "rank";
    const values = isGroup ? figures.means?.[code] : figures.values?.[code];
    const column = state.measure === "rank" ? (isGroup ? undefined : figures.ranks?.[code]) : state.measure === "share" ? (isGroup ? undefined : figures.shares?.[code]) : values;
    const value = column?.[number] ?? null;
    const rank = isGroup ? null : figures.ranks?.[code]?.[number] ?? null;
    const ranked = rank === null ? null : rankedIn(figures, number);
    const known = figures.values?.[code] || figures.ranks?.[code] || figures.statuses[code];
    const status = isGroup ? null : known ? figures.statuses[code]?.[number].trim() ?? "A" : "";
    const rankText = rank === null ? "" : indicator.has_published_rank
      ? _("place %place% of %all%, as published", { place: rank, all: ranked }) : _("place %place% of the %all% with a figure", { place: rank, all: ranked });
    const statusText = status ? words()[overview.statuses[status]] ?? overview.statuses[status] : null;
    const missing = () => {
      if (isPlaceless) return _("a mean has no place");
      if (isGroup && (state.measure === "share" || !figures.means)) return _("the release has no mean for this indicator");
      if (isGroup) return _("no figure");
      if (!status) return _("the sources say nothing");
      if (state.measure === "share" && values?.[number] !== null && values?.[number] !== undefined) return _("no share: a channel is not known, or the channels do not add up to the printed total");
      return statusText;
    };
    const shown = value === null ? `${_("no figure")} (${missing()})` : [
      state.measure === "rank" ? rankText : `${(isGroup ? rounded : told)(value)}${unitSign(indicator, state.measure)}`,
      state.measure === "rank" ? (values?.[number] ?? null) !== null ? told(values[number]) : "" : state.measure === "share" ? _("%number% counted", { number: told(values[number]) }) : rankText,
      isGroup ? _("mean of %number% states", { number: figures.assessed[code][number] }) : "",
      status && status !== "A" ? statusText : "",
    ].filter(Boolean).join("; ");
    return {
      code, name: nameOf(code), isGroup, isPlaceless, period, x: yearOf(period), value, amount: state.measure === "rank" ? (figures.shares && !isGroup ? figures.shares[code] : values)?.[number] ?? null : value, rank, status, m49: countries.get(code)?.m49,
      source: isGroup ? null : known ? sourceOf(figures, code, number) : null,
      why: value === null ? missing() : null, told: value === null && missing() === statusText ? overview.statuses[status] : null,
      short: value === null ? (isGroup ? missing() : _("no figure")) : state.measure === "rank" ? `${rank} / ${ranked}` : `${rounded(value)}${unitSign(indicator, state.measure)}${rank !== null && !(indicator.service && state.measure === "value") ? ` (${rank} / ${ranked})` : ""}`,
      label: `${nameOf(code)}, ${periodName(period)}: ${shown}`,
      isChosen: state.chosen.includes(code),
    };
  };
  const unitSign = (indicator, measure) => (measure === "share" || (measure === "value" && indicator.unit === "percent") ? (language === "en" ? "%" : "\u00a0%") : "");
  const counted = new Map();
  const rankedIn = (figures, number) => {
    if (!counted.has(figures)) counted.set(figures, figures.periods.map((_period, each) => Object.values(figures.ranks).filter((ranks) => ranks[each] !== null).length));
    return counted.get(figures)[number];
  };
  const reason = (row) => (row.told ? mark(row.told) : document.createTextNode(row.why));
  const colourOf = (number) => `var(--series-${number + 1})`;

  // The figures of each choice over all periods of the indicator.
  const series = (state) => {
    const { periods } = figuresOf(state.indicator);
    return state.chosen.flatMap((code, number) => periods.map((period) => ({ ...figureOf(state, code, period), colour: colourOf(number) })));
  };
  const everywhere = (state) => overview.countries.map((country) => figureOf(state, country.code, state.period));
  const scaleOf = (state, rows) => {
    const indicator = indicators.get(state.indicator), isRank = state.measure === "rank";
    return {
      isRank, last: isRank ? Math.max(1, ...rows.map((row) => (row.isGroup ? 1 : row.value ?? 1)), ...figuresOf(state.indicator).periods.map((_period, number) => (isRank ? rankedIn(figuresOf(state.indicator), number) : 1))) : null,
      minimum: state.measure === "share" ? 0 : state.measure === "value" ? indicator.minimum ?? (indicator.unit === "count" || indicator.unit === "thousands" ? 0 : null) : null,
      maximum: state.measure === "share" ? 100 : state.measure === "value" ? indicator.maximum ?? null : null,
      isSkewed: state.measure === "value" && indicator.unit === "count",
      format: isRank ? ".0f" : undefined,
    };
  };

  // ---- a chart with its words: title, picture, notes, buttons, source

  const tip = document.querySelector(".tip");
  const showTip = (target) => {
    const box = target.getBoundingClientRect(), host = target.closest(".chart").getBoundingClientRect();
    tip.textContent = target.getAttribute("aria-label");
    tip.hidden = false;
    const centre = Math.min(Math.max(box.left + box.width / 2, host.left), host.right);
    tip.style.left = `${Math.max(8, Math.min(centre + 10, innerWidth - tip.offsetWidth - 8))}px`;
    const below = box.top + Math.min(box.height / 2, 60) + 14;
    tip.style.top = `${below + tip.offsetHeight > innerHeight ? Math.max(8, box.top - tip.offsetHeight - 8) : below}px`;
  };
  const SAYS = "[role='graphics-symbol'][aria-label]";
  addEventListener("pointermove", (event) => {
    const target = event.target.closest?.(`.chart ${SAYS}`);
    if (target) showTip(target);
    else if (!document.activeElement?.matches(".chart")) tip.hidden = true;
  });
  addEventListener("click", (event) => {
    const target = event.target.closest?.(`.chart ${SAYS}`);
    if (target) showTip(target);
    else tip.hidden = true;
  });
  addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
  const walk = (event) => {
    const isBreak = (each) => (each.closest(".mark-rule") ? 1 : 0); // figures come first, changes of method after them
    const marks = [...event.currentTarget.querySelectorAll(SAYS)].sort((first, second) => isBreak(first) - isBreak(second));
    const now = marks.findIndex((each) => each.classList.contains("reached"));
    const next = {
      ArrowRight: now + 1, ArrowDown: now + 1, ArrowLeft: now < 0 ? marks.length - 1 : now - 1, ArrowUp: now < 0 ? marks.length - 1 : now - 1, Home: 0, End: marks.length - 1,
    }[event.key];
    if (event.key === "Escape") tip.hidden = true;
    if (next === undefined || !marks.length) return;
    event.preventDefault();
    marks[now]?.classList.remove("reached");
    const reached = marks[(next + marks.length) % marks.length];
    reached.classList.add("reached");
    const box = reached.getBoundingClientRect();
    if (box.top < 0 || box.bottom > innerHeight) scrollBy({ top: box.top - innerHeight / 2, behavior: "instant" });
    showTip(reached);
  };

  const sourceLine = (codes) => {
    const named = [...new Set(codes)].filter(Boolean).sort().map((code) => overview.sources[code]);
    return make("p", { className: "source" },
      `${named.length > 1 ? _("Sources:") : _("Source:")} `, ...named.flatMap((source, number) => [number ? "; " : "", ...(source.publisher === "Not stated" ? [] : [mark(source.publisher), ", "]), mark(source.title)]), ". ", _("Release %release%.", { release: overview.release }));
  };
  const CSV_HEAD = ["code", "name", "indicator_code", "period_code", "value", "rank", "rank_kind", "obs_status_code", "source_code"];
  const csvRow = (state, row) => {
    const figures = figuresOf(state.indicator), number = figures.periods.indexOf(row.period);
    const value = (row.isGroup ? figures.means : figures.values)?.[row.code]?.[number] ?? null;
    const share = figures.shares?.[row.code]?.[number] ?? null;
    return [
      row.code, row.name, state.indicator, row.period, value === null ? null : exact(value), ...(figures.shares ? [share === null ? null : exact(share)] : []), row.rank,
      row.rank === null ? null : indicators.get(state.indicator).has_published_rank ? "published" : "by value", row.status || null, row.source,
    ];
  };
  const csvOf = (state, rows) => {
    const shares = figuresOf(state.indicator).shares;
    return [CSV_HEAD.flatMap((name) => (name === "rank" && shares ? ["share", name] : [name])), ...rows.map((row) => csvRow(state, row))];
  };

  let turn = 0, drawings = [];
  const figure = ({ id, title, note, rows, spec, table, sources, notes = [], link = () => location.href, level = "h2" }) => {
    const now = turn;
    const chart = spec ? make("div", { className: "chart", tabindex: "0", role: "group", "aria-label": `${title}. ${_("The arrow keys go from figure to figure.")}` }) : null;
    const bar = make("div");
    const foot = sourceLine(sources);
    const whole = make("figure", { id },
      make("figcaption", {}, make(level, { className: "title" }, title), note ? make("p", {}, note) : null), chart ?? table, ...notes, bar, foot);
    if (chart) {
      chart.addEventListener("keydown", walk);
      chart.addEventListener("blur", () => { tip.hidden = true; chart.querySelector(".reached")?.classList.remove("reached"); });
      const draw = async () => {
        const done = await vegaEmbed(chart, spec(Math.floor(chart.clientWidth)), { mode: "vega-lite", renderer: "svg", actions: false, ast: true, tooltip: false, hover: false, ...locale() });
        if (now !== turn) done.finalize();
      };
      drawings.push({ chart, draw, width: 0 });
    }
    toolbar(bar, {
      name: id, title, source: foot.textContent, rows, link,
      svg: () => whole.querySelector(".chart svg"),
      words: { csv: "CSV", svg: "SVG", png: "PNG", link: _("Copy the link"), cite: _("Copy the citation"), copy: _("Text to copy"), copied: _("Copied.") },
      citation: `${overview.work}. ${title}. ${foot.textContent}`,
    });
    if (!chart) bar.querySelectorAll("[data-action=svg], [data-action=png]").forEach((button) => button.remove());
    return whole;
  };
  // One after the other, so that the first is seen before the second is begun.
  const drawAll = async () => {
    const waiting = drawings.filter(({ chart, width }) => chart.isConnected && chart.clientWidth !== width);
    for (const each of waiting) each.width = each.chart.clientWidth;
    for (const each of waiting) if (each.chart.isConnected) await each.draw();
  };
  let resized;
  addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(drawAll, 150); });

  // ---- choosing

  // Finds countries and groups by a name in any of the languages, by a name in use, its initials (UK), or a code.
  const folded = (text) => text.toLocaleLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replaceAll("ё", "е");
  const initials = (name) => { const found = name.match(/(?<![\p{L}'’])\p{Lu}/gu) ?? []; return found.length > 1 ? found.join("") : ""; };
  let known;
  const index = () => [...groups.values(), ...overview.countries].map((each) => ({
    code: each.code, ...((names) => ({ names: names.map(folded), codes: [each.code, each.iso2, each.m49, ...names.map(initials)].filter(Boolean).map(folded) }))([...LANGUAGES.map((tongue) => each[tongue]), ...(each.also ?? [])]),
  }));
  const search = (text, isAllowed) => {
    const wanted = folded(text.trim());
    const rank = ({ names, codes }) => (codes.includes(wanted) ? 0 : names.some((name) => name.startsWith(wanted)) ? 1 : names.some((name) => name.includes(` ${wanted}`) || name.includes(`(${wanted}`)) ? 2 : names.some((name) => name.includes(wanted)) ? 3 : 9);
    known ??= index();
    return known.filter(({ code }) => isAllowed(code)).map((each) => [wanted ? rank(each) : 1, each.code]).filter(([found]) => found < 9)
      .sort(([a, first], [b, second]) => a - b || Number(groups.has(second)) - Number(groups.has(first)) || nameOf(first).localeCompare(nameOf(second), language)).map(([, code]) => code).slice(0, 40);
  };
  const picker = (id, label, isAllowed, choose) => {
    const list = make("ul", { role: "listbox", id: `${id}-list`, "aria-label": label, hidden: true });
    const input = make("input", {
      id, type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", "aria-expanded": "false", "aria-controls": `${id}-list`, "aria-autocomplete": "list", placeholder: _("Name or code"),
    });
    let found = [], at = -1;
    const point = (to) => {
      at = to;
      [...list.children].forEach((option, number) => option.setAttribute("aria-selected", String(number === at)));
      if (at >= 0 && found.length) { input.setAttribute("aria-activedescendant", `${id}-${at}`); list.children[at].scrollIntoView({ block: "nearest" }); }
      else input.removeAttribute("aria-activedescendant");
    };
    const open = () => {
      found = search(input.value, isAllowed);
      list.replaceChildren(...(found.length ? found.map((code, number) => {
        const option = make("li", { role: "option", id: `${id}-${number}`, "aria-selected": "false" }, make("span", {}, nameOf(code)), make("small", {}, groups.has(code) ? _("mean of a group") : code));
        option.addEventListener("pointerdown", (event) => event.preventDefault());
        option.addEventListener("click", () => choose(code));
        return option;
      }) : [make("li", { role: "option", "aria-disabled": "true", "aria-selected": "false" }, search(input.value, place).length ? _("Already chosen.") : _("Nothing has this name or code."))]));
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      point(found.length && input.value ? 0 : -1);
    };
    const close = () => { list.hidden = true; input.setAttribute("aria-expanded", "false"); point(-1); };
    input.addEventListener("input", open);
    input.addEventListener("click", open);
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      else if (event.key === "Enter" && at >= 0 && found.length) { event.preventDefault(); choose(found[at]); }
      else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) open();
        if (found.length) point((at + (event.key === "ArrowDown" ? 1 : -1) + found.length) % found.length);
      }
    });
    return make("div", { className: "picker" }, make("label", { for: id }, label), make("div", { className: "box" }, input, list));
  };

  const indicatorMenu = (state) => {
    const menu = make("select", { id: "indicator" });
    const shelves = new Map();
    for (const indicator of overview.indicators) {
      const shelf = indicator.service ? `${indicator.service[language]} (${words()[indicator.measure] ?? indicator.measure})` : words()[indicator.family] ?? indicator.family;
      if (!shelves.has(shelf)) shelves.set(shelf, make("optgroup", { label: shelf }));
      const isPart = indicator.parent && isIndicator(indicator.parent);
      shelves.get(shelf).append(make("option", { value: indicator.code, selected: indicator.code === state.indicator },
        indicator.service ? indicatorName(indicator) : `${isPart ? "– " : ""}${indicator[language]}`));
    }
    menu.append(...shelves.values());
    menu.addEventListener("change", () => {
      const next = standard(menu.value);
      go({
        ...state, indicator: menu.value, measure: measuresOf(menu.value).includes(state.measure) ? state.measure : next.measure,
        period: figuresOf(menu.value).comparing.includes(state.period) ? state.period : next.period,
      });
    });
    return make("div", { className: "field wide" }, make("label", { for: "indicator" }, _("Indicator")), menu);
  };
  const switcher = (id, label, options, chosen, choose) => make("fieldset", { className: "field" }, make("legend", {}, label),
    make("div", { className: "switch" }, options.map(([value, text]) => {
      const input = make("input", { type: "radio", name: id, id: `${id}-${value}`, value, checked: value === chosen });
      input.addEventListener("change", () => choose(value));
      return make("label", {}, input, make("span", {}, text));
    })));
  const periodMenu = (state) => {
    const menu = make("select", { id: "period" }, figuresOf(state.indicator).periods.toReversed().map((period) => make("option", { value: period, selected: period === state.period }, periodName(period))));
    menu.addEventListener("change", () => go({ ...state, period: menu.value }));
    return make("div", { className: "field" }, make("label", { for: "period" }, _("Period")), menu);
  };
  const chips = (state) => {
    const list = make("ul", { className: "chips", "aria-label": _("Chosen countries and groups") }, state.chosen.map((code, number) => {
      const remove = make("button", { type: "button", id: `remove-${code}`, "aria-label": _("Remove %name%", { name: nameOf(code) }), disabled: state.chosen.length === 1 }, "×");
      remove.addEventListener("click", () => go({ ...state, chosen: state.chosen.filter((each) => each !== code) }));
      const swatch = make("i", { style: `background: ${colourOf(number)}` });
      const name = groups.has(code) ? make("span", {}, nameOf(code)) : make("a", { href: addressOf({ country: code }) }, nameOf(code));
      return make("li", {}, swatch, name, remove);
    }));
    const add = state.chosen.length < MOST
      ? picker("add", _("Add a country or a group"), (code) => !state.chosen.includes(code), (code) => go({ ...state, chosen: [...state.chosen, code] }))
      : make("p", { className: "full" }, _("Six are chosen. Remove one to choose another."));
    return make("div", { className: "choice" }, list, add);
  };
  const controls = (state) => make("form", { className: "controls", "aria-label": _("What is shown") },
    chips(state), indicatorMenu(state),
    switcher("measure", _("Measure"), measuresOf(state.indicator).map((name) => [name, { value: indicators.get(state.indicator).service ? _("Number") : _("Value"), share: _("Share"), rank: _("Rank") }[name]]), state.measure, (measure) => go({ ...state, measure })),
    switcher("view", _("View"), VIEWS.map((name) => [name, { line: _("Line"), bars: _("Bars"), table: _("Table"), map: _("Map") }[name]]), state.view, (view) => go({ ...state, view })),
    state.view === "bars" || state.view === "map" ? periodMenu(state) : null);

  // ---- the views

  const span = (periods) => (periods.length > 1 ? `${yearOf(periods[0])}–${yearOf(periods.at(-1))}` : periodName(periods[0]));
  const rankNote = (state) => ((state.measure !== "rank" && state.view !== "bars") || !figuresOf(state.indicator).ranks ? null : indicators.get(state.indicator).has_published_rank
    ? _("Places as the source publishes them; the first is the best. States without a figure have no place here.")
    : indicators.get(state.indicator).service
      ? _("The source publishes no places. These follow from the share of the channel, among those for which every channel is known; equal shares have the same place.")
      : _("The source publishes no places. These follow from the values, among all states and economies with a figure; equal values have the same place."));
  const missingNote = (rows) => {
    const whys = new Map(), absent = rows.filter((row) => row.value === null && !row.isPlaceless);
    for (const row of absent) whys.set(row.why, [...(whys.get(row.why) ?? []), row]);
    return whys.size ? make("details", { className: "missing" }, make("summary", {}, _("Missing figures: %number%", { number: told(absent.length) })),
      make("dl", {}, [...whys.values()].map((found) => [make("dt", {}, reason(found[0])),
        make("dd", {}, [...Map.groupBy(found, (row) => row.name)].sort(([first], [second]) => first.localeCompare(second, language)).map(([name, each]) => `${name}${new Set(rows.map((row) => row.period)).size > 1 ? ` (${each.map((row) => row.period.slice(0, 4)).join(", ")})` : ""}`).join("; "))]))) : null;
  };
  // What changed in an edition: "OSI: The survey instrument." has the code of the indicator before the sentence.
  const changesOf = (changes) => changes.map((change) => change.split(/: (.*)/s)).map(([code, sentence]) => [code, sentence ?? ""]);
  const breaksOf = (figures) => Object.entries(figures.breaks ?? {}).map(([period, changes]) => ({
    x: yearOf(period), label: `${periodName(period)}: ${_("the method changed.")} ${changesOf(changes).map(([code, sentence]) => `${code}: ${words()[sentence] ?? sentence}`).join(" ")}`,
  }));
  const methodNote = (figures) => {
    const { periods, breaks = {}, methods = {} } = figures;
    const noted = periods.filter((period) => breaks[period] || methods[period]);
    return noted.length ? make("details", { className: "breaks" },
      make("summary", {}, figures.breaks ? _("Changes of method: %number%", { number: Object.keys(breaks).length }) : _("Notes on the method")),
      figures.breaks ? make("p", {}, _("At a dotted line the method changed: do not read a change from the edition before as a change of the country alone.")) : null,
      make("dl", {}, noted.map((period) => [make("dt", {}, periodName(period)),
        make("dd", {}, changesOf(breaks[period] ?? []).map(([code, sentence]) => [`${code}: `, mark(sentence), " "]).flat(), methods[period] ? mark(methods[period]) : null)]))) : null;
  };
  const isEmpty = (rows) => rows.every((row) => row.value === null);
  const nothing = (state) => make("p", { className: "empty", role: "note" }, _("The release has no figure of this indicator for what you have chosen."), ...(figuresOf(state.indicator).values || figuresOf(state.indicator).ranks ? [" ", make("a", { href: addressOf({ ...state, view: "map" }) }, _("The map shows who has one."))] : []));

  const compare = (state) => {
    const indicator = indicators.get(state.indicator), figures = figuresOf(state.indicator), { periods } = figures;
    const isTime = state.view === "line" || state.view === "table";
    const own = isTime ? series(state) : state.chosen.map((code, number) => ({ ...figureOf(state, code, state.period), colour: colourOf(number) }));
    const all = isTime ? [] : everywhere(state);
    const scale = scaleOf(state, own);
    const unit = unitOf(indicator, state.measure);
    const title = `${indicatorName(indicator)}, ${indicator.unit === "rank" ? "" : `${unit}, `}${isTime ? span(periods) : periodName(state.period)}`;
    const texts = { axis: state.measure === "rank" ? _("place, the best on top") : unit, absent: _("no figure"), all: _("All with a figure, from the first place to the last: %number%", { number: all.filter((row) => row.value !== null).length }) };
    const source = [...new Set((isTime ? own : [...own, ...all.filter((row) => row.value !== null)]).map((row) => row.source))].filter(Boolean);
    const common = { id: [state.indicator, state.measure, state.view, ...(isTime ? [] : [state.period])].join("-").replaceAll(".", "-"), title, note: rankNote(state), sources: source.length ? source : figures.sources };
    if (isEmpty(isTime || state.view === "bars" ? own : all)) return make("section", {}, make("h2", { className: "title" }, title), nothing(state));
    if (state.view === "line") {
      // a group for which there is nothing to draw is named below, not drawn as missing in every period
      const bare = state.chosen.filter((code) => groups.has(code) && isEmpty(own.filter((row) => row.code === code)));
      const drawn = own.filter((row) => !bare.includes(row.code));
      const said = bare.length ? make("p", { className: "source" }, `${bare.map(nameOf).join("; ")}: ${own.find((row) => row.code === bare[0]).why}.`) : null;
      return figure({
        ...common, rows: () => csvOf(state, own), notes: [said, methodNote(figures), missingNote(drawn)],
        spec: (room) => charts.line({ rows: drawn, periods: periods.map((period) => ({ x: yearOf(period) })), breaks: breaksOf(figures), scale, room, texts }),
      });
    }
    if (state.view === "table") return figure({ ...common, rows: () => csvOf(state, own), notes: [methodNote(figures), missingNote(own)], table: grid(state, own, title) });
    const ordered = all.filter((row) => row.value !== null).sort((a, b) => (state.measure === "rank" || !indicator.higher ? a.value - b.value : b.value - a.value) || a.name.localeCompare(b.name, language))
      .map((row) => ({ ...row, colour: own.find((each) => each.code === row.code)?.colour ?? "var(--rest)" }));
    if (state.view === "bars") {
      const chosen = own.toSorted((a, b) => (a.value === null) - (b.value === null) || (state.measure === "rank" || !indicator.higher ? a.value - b.value : b.value - a.value));
      return figure({ ...common, rows: () => csvOf(state, [...own.filter((row) => row.isGroup), ...ordered, ...all.filter((row) => row.value === null)]), notes: [missingNote([...own, ...all])], spec: (room) => charts.bars({ rows: ordered, chosen, scale: { ...scale, last: scale.isRank ? Math.max(...ordered.map((row) => row.value)) : null }, room, texts }) });
    }
    const { about } = part("world");
    Object.assign(texts, { axis: state.measure === "rank" ? _("place") : unit, tell: told });
    return figure({
      ...common, rows: () => csvOf(state, [...ordered, ...all.filter((row) => row.value === null)]),
      notes: [make("p", { className: "source" }, _("Shapes: Natural Earth, by way of %package%; boundaries are its own. A country too small for a shape is a dot. Areas without an M49 code have no figure here.", { package: `${about.package} ${about.version}` })), missingNote(all)],
      spec: (room) => charts.map({ rows: all.filter((row) => row.m49), world: part("world"), scale: { ...scale, last: scale.isRank ? Math.max(...ordered.map((row) => row.value)) : null }, room, texts }),
    });
  };
  const grid = (state, rows, title) => {
    const { periods } = figuresOf(state.indicator);
    return make("div", { className: "scroll", tabindex: "0", role: "region", "aria-label": title }, make("table", {},
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, _("Period")), state.chosen.map((code) => make("th", { scope: "col" }, nameOf(code))))),
      make("tbody", {}, periods.toReversed().map((period) => make("tr", {}, make("th", { scope: "row" }, periodName(period)),
        rows.filter((row) => row.period === period).map((row) => make("td", row.value === null ? { className: "absent", title: row.why } : {}, row.value === null ? (row.isGroup ? row.why : _("no figure")) : `${(row.isGroup ? rounded : told)(row.value)}${unitSign(indicators.get(state.indicator), state.measure)}`)))))));
  };

  // ---- the page of a country

  const countryPage = (code) => {
    const country = countries.get(code), own = part(`country-${code}`) ?? { rules: {}, claims: [], services: [] };
    const translated = part(`texts-${language}`).list;
    const long = (number) => (number === null ? null : mark(part("texts").list[number], translated[number] ?? undefined));
    const around = members.filter((each) => each.subregion && each.subregion === country.subregion);
    const within = overview.groups.filter((group) => group.members.includes(code) && group.code !== "world");
    const section = (id, title, ...content) => make("section", { id }, make("h2", {}, title), ...content);
    const table = (label, head, rows) => make("div", { className: "scroll", tabindex: "0", role: "region", "aria-label": label }, make("table", {},
      make("thead", {}, make("tr", {}, head.map((text) => make("th", { scope: "col" }, text)))), make("tbody", {}, rows)));
    const viewOf = (indicator, measure = "value", chosen = [code], view = "line") => ({ ...standard(indicator), measure: measuresOf(indicator).includes(measure) ? measure : measuresOf(indicator)[0], view, chosen });
    const link = () => location.href;

    // the latest figure of every indicator that has one
    const latest = overview.indicators.filter((indicator) => !indicator.service).flatMap((indicator) => {
      const figures = figuresOf(indicator.code), values = figures.values?.[code] ?? figures.ranks?.[code];
      if (!values && !figures.statuses[code]) return [];
      const number = values ? values.findLastIndex((value) => value !== null) : -1;
      const state = viewOf(indicator.code);
      return [{ indicator, state, number, row: figureOf(state, code, figures.periods.at(number < 0 ? -1 : number)) }];
    });
    // the place in a period for which few countries have a figure says little: the last one before it that compares them stands here
    const placeOf = (indicator, period) => {
      const figures = figuresOf(indicator.code), column = figures.ranks?.[code] ?? [];
      const number = figures.periods.findLastIndex((each, at) => each <= period && figures.comparing.includes(each) && (column[at] ?? null) !== null);
      if (number < 0) return "–";
      return `${column[number]} / ${rankedIn(figures, number)}${indicator.has_published_rank ? "*" : ""}${figures.periods[number] === period ? "" : ` (${periodName(figures.periods[number])})`}`;
    };
    const ranks = table(_("Latest figures"), [_("Indicator"), _("Period"), _("Value"), _("Place")], latest.map(({ indicator, state, row }) => {
      const isRank = indicator.unit === "rank";
      const figures = figuresOf(indicator.code);
      return make("tr", {}, make("th", { scope: "row", className: indicator.parent && isIndicator(indicator.parent) ? "part" : "whole" }, make("a", { href: addressOf(state) }, indicatorName(indicator))),
        make("td", {}, periodName(row.period)),
        row.value === null ? make("td", { className: "absent" }, `${_("no figure")}: `, reason(row)) : make("td", {}, isRank ? "–" : `${rounded(row.value)}${unitSign(indicator, "value")}`),
        make("td", { className: "place" }, placeOf(indicator, row.period)));
    }));

    const chartOf = (state, id, title, note, rows) => {
      if (isEmpty(rows)) return make("p", { className: "empty" }, `${title}: ${_("no figure")}.`);
      const figures = figuresOf(state.indicator);
      return figure({
        id, title, note, level: "h3", link, sources: rows.map((row) => row.source), notes: [methodNote(figures), missingNote(rows)],
        rows: () => { const all = rows.map((row) => csvRow({ ...state, indicator: row.indicator ?? state.indicator }, row)); return [CSV_HEAD, ...all]; },
        spec: (room) => charts.line({ rows, periods: figures.periods.map((period) => ({ x: yearOf(period) })), breaks: breaksOf(figures), scale: scaleOf(state, rows), room, texts: { axis: state.measure === "rank" ? _("place, the best on top") : unitOf(indicators.get(state.indicator), state.measure), absent: _("no figure") } }),
      });
    };
    const children = ["EGDI", ...overview.indicators.filter((indicator) => indicator.parent === "EGDI").map((indicator) => indicator.code)];
    const place = viewOf("EGDI", "rank"), value = viewOf("EGDI", "value");
    const placeRows = series(place);
    const partRows = children.flatMap((indicator, number) => series(viewOf(indicator)).map((row) => ({ ...row, indicator, name: indicators.get(indicator)[language], label: `${indicators.get(indicator)[language]}, ${row.label}`, colour: colourOf(number) })));
    const egdi = span(figuresOf("EGDI").periods);

    // neighbours: the states of the same subregion, and those that are a few places better or worse
    const period = figuresOf("EGDI").periods.at(-1);
    const beside = viewOf("EGDI", "value", [code], "bars");
    const standing = members.map((each) => figureOf(beside, each.code, period)).filter((row) => row.rank !== null).sort((a, b) => a.rank - b.rank);
    const at = standing.findIndex((row) => row.code === code);
    const close = at < 0 ? [] : standing.slice(Math.max(0, at - 3), at + 4);
    const neighbours = around.map((each) => figureOf(beside, each.code, period)).sort((a, b) => (a.rank ?? 999) - (b.rank ?? 999));
    const row = (each) => make("tr", each.code === code ? { className: "own" } : {}, make("th", { scope: "row" }, make("a", { href: addressOf({ country: each.code }), ...(each.code === code ? { "aria-current": "page" } : {}) }, each.name)),
      each.value === null ? make("td", { className: "absent" }, `${_("no figure")}: `, reason(each)) : make("td", {}, rounded(each.value)), make("td", {}, each.rank === null ? "–" : told(each.rank)));
    const heads = [_("Country"), _("Value"), _("Place")];
    const egdiTitle = `${indicators.get("EGDI")[language]}, ${periodName(period)}`;

    // what it uses: the channels of the services that many countries count, and other services as the sources print them
    const byService = Map.groupBy(overview.indicators.filter((indicator) => indicator.service), (indicator) => indicator.code.split(".")[0]);
    const usage = [...byService.values()].flatMap((found) => {
      // most countries use few of the services: only the figures of those are decoded
      if (!found.some((indicator) => part(`figures-${indicator.code}`).values?.[code])) return [];
      const rows = found.map((indicator) => {
        const figures = figuresOf(indicator.code), values = figures.values?.[code];
        const number = values ? values.findLastIndex((each) => each !== null) : -1;
        return { indicator, figures, number };
      });
      const number = Math.max(...rows.map((each) => each.number));
      if (number < 0) return [];
      const told_ = rows.map(({ indicator, figures }) => ({ indicator, row: figureOf({ ...viewOf(indicator.code) }, code, figures.periods[number]), share: figures.shares?.[code]?.[number] ?? null }));
      const title = `${found[0].service[language]} (${words()[found[0].measure] ?? found[0].measure}), ${periodName(rows[0].figures.periods[number])}`;
      return [make("h3", {}, title), table(title, [_("Channel"), _("Number"), _("Share")], told_.map(({ indicator, row: each, share }) => make("tr", {}, make("th", { scope: "row" }, make("a", { href: addressOf(viewOf(indicator.code)) }, indicator[language] ?? _("all channels"))),
        each.value === null ? make("td", { className: "absent" }, _("no figure")) : make("td", {}, told(each.value)), make("td", {}, share === null ? "–" : `${told(share)}${language === "en" ? "%" : "\u00a0%"}`)))), sourceLine(found.flatMap((indicator) => figuresOf(indicator.code).sources))];
    });
    const said = (period) => words()[period] ?? period.replace(/^(\d{4})-04-01\/P1Y$/, (_whole, year) => `${year}–${Number(year) + 1}`).replace("XXXX-XX", _("not stated"));
    const when = (row) => (row.likely_period_code ? [said(row.period_code), " (", _("likely %period%", { period: said(row.likely_period_code) }), ")"] : said(row.period_code));
    const services = [...Map.groupBy(own.services, (each) => each.source_code)].flatMap(([source, rows]) => [
      make("h3", {}, mark(overview.sources[source].title)),
      rows.length < rows[0].figures ? make("p", {}, _("The source has %number% figures for this country. These are the largest numbers of applications of the latest period.", { number: told(rows[0].figures) })) : null,
      table(overview.sources[source].title, [_("Service"), _("Period"), _("What is counted"), _("Channel"), _("Number")], rows.map((each) => make("tr", {},
        make("th", { scope: "row" }, each[`name_${language}`] ? each[`name_${language}`] : mark(each.name_en, undefined)), make("td", {}, when(each)), make("td", {}, mark(each.measure)),
        make("td", {}, each[`channel_${language}`] ?? "–"), each.usage_count === null ? make("td", { className: "absent" }, _("no figure")) : make("td", {}, `${each.value_qualifier === "at_least" ? "≥ " : ""}${told(each.usage_count)}`)))), sourceLine([source]),
    ]);

    const VERDICTS = { supported: _("Supported"), supported_with_qualification: _("Supported in a narrower wording"), contradicted: _("Contradicted"), not_checkable: _("Cannot be checked") };
    const claims = own.claims.length ? make("ul", { className: "claims" }, own.claims.map(([verdict, statement, observed, note]) => make("li", {}, make("p", {}, long(statement)), make("p", { className: `verdict ${verdict}` }, VERDICTS[verdict] ?? verdict), make("p", { className: "note" }, long(observed), observed === null ? null : ". ", long(note)))))
      : make("p", {}, _("No claim of the article names this country."));
    const rules = Object.entries(own.rules);
    const findings = rules.length ? rules.map(([rule, { findings: count, shown }]) => make("details", {}, make("summary", {}, long(Number(rule)), ` (${told(count)})`),
      make("ul", {}, shown.map(([source, printed, locator, reading, note]) => make("li", {}, mark(overview.sources[source].title), ", ", long(locator), ": ", printed === null ? "" : [make("q", { lang: "en" }, printed), " → "], long(reading), ". ", long(note)))), count > shown.length ? make("p", {}, _("Further ones, in the database only: %number%", { number: told(count - shown.length) })) : null))
      : [make("p", {}, _("No discrepancy is recorded for this country."))];

    const subregion = country.subregion ? mark(country.subregion) : null;
    const peers = overview.groups.find((group) => group.en === country.subregion) ?? overview.groups.find((group) => group.en === country.region);
    return make("article", {},
      make("p", { className: "where" }, country.region ? [mark(country.region), country.subregion && country.subregion !== country.region ? ", " : null, country.subregion && country.subregion !== country.region ? subregion : null, ". "] : null, country.member ? _("Member of the United Nations.") : _("Not a member of the United Nations."),
        within.length ? ` ${_("Groups:")} ${within.map((group) => group[language]).join("; ")}.` : null),
      make("p", {}, make("a", { href: addressOf({ ...viewOf("EGDI", "value", [code, ...(peers ? [peers.code] : []), "world"]) }) }, _("Compare with the region and the world"))),
      section("ranks", _("Latest figures and places"), latest.length ? [ranks, make("p", { className: "source" }, _("* as the source publishes it. The other places follow from the values, among all states and economies with a figure; equal values have the same place."))] : make("p", {}, _("no figure"))),
      section("over-time", _("Over time"),
        chartOf(place, `${code}-rank`, `${indicators.get("EGDI")[language]}, ${_("place")}, ${egdi}`, rankNote(place), placeRows),
        chartOf(value, `${code}-parts`, `${_("The index and its parts")}, ${unitOf(indicators.get("EGDI"), "value")}, ${egdi}`, null, partRows)),
      section("neighbours", _("Neighbours"),
        neighbours.length > 1 ? [make("h3", {}, _("The same part of the world: "), mark(country.subregion)), make("p", {}, egdiTitle), table(_("Neighbours"), heads, neighbours.map(row))] : null,
        close.length ? [make("h3", {}, _("The places next to it")), make("p", {}, egdiTitle), table(_("The places next to it"), heads, close.map(row))] : null,
        neighbours.length < 2 && !close.length ? make("p", {}, _("The index has no figure for it, and the code lists name no neighbours.")) : null),
      section("usage", _("What it uses"), usage.length || services.length ? [...usage, ...services] : make("p", {}, _("No source here counts the use of services in this country."))),
      section("discrepancies", _("Discrepancies in the sources"), findings),
      section("claims", _("Claims of the article that concern it"), claims));
  };

  // ---- the whole page

  const header = document.querySelector("header"), main = document.querySelector("main"), footer = document.querySelector("footer");
  const show = () => {
    const kept = document.activeElement?.id;
    turn += 1;
    drawings = [];
    tip.hidden = true;
    const state = read(location.hash);
    // the standard view gets its whole address, so that the one who copies it copies what is seen
    if (!state.wrong && location.hash !== addressOf(state)) history.replaceState(null, "", addressOf(state));
    document.documentElement.lang = language;
    for (const link of document.querySelectorAll("nav.languages a")) {
      if (link.lang === language) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
      link.href = `#${link.lang}${state.wrong ? "" : addressOf(state).slice(3)}`;
    }
    const title = state.country ? nameOf(state.country) : _("E-government figures, country by country");
    document.title = title;
    header.replaceChildren(make("h1", {}, title),
      make("p", { className: "lead" }, state.country ? `${_("E-government in published figures")} · ${state.country}` : _("Choose up to six countries or groups and an indicator. The address of this page is the view: copy it, and the same view opens.")),
      make("p", { className: "links" }, ...(state.country ? [make("a", { href: addressOf(standard()) }, _("Compare countries"))] : []), make("a", { href: `index.html#${language}` }, _("Report on Kazakhstan")), make("a", { href: "../codebook.html" }, _("Codebook"))));
    const jump = picker("jump", _("Open the page of a country"), (code) => countries.has(code), (code) => go({ country: code }));
    main.replaceChildren(...(state.wrong
      ? [make("div", { className: "wrong", role: "alert" }, make("h2", {}, _("There is no such view")), make("p", {}, state.wrong), make("p", {}, make("a", { href: addressOf(standard()) }, _("Open the standard view"))))]
      : state.country ? [jump, countryPage(state.country)] : [controls(state), compare(state), jump]));
    footer.replaceChildren(make("p", {}, _("The database of release %release% leads every figure back to its printed cell.", { release: overview.release })));
    drawAll();
    if (kept) document.getElementById(kept)?.focus({ preventScroll: true });
    else scrollTo({ top: 0, behavior: "instant" });
  };
  addEventListener("hashchange", show);
  addEventListener("submit", (event) => event.preventDefault());
  show();
})();
