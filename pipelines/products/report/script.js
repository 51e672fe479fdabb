// Switches the language, reads the values of the charts, filters claims and doubts, and fills the buttons under the charts.
// Without this script the page is in English, and everything on it can be read by opening its folded parts.
(() => {
  const parts = [...document.querySelectorAll("main[lang]")];
  const links = [...document.querySelectorAll("nav.languages a")];
  const words = new Map(parts.map((part) => [part, JSON.parse(part.dataset.words)]));

  const choose = (language) => {
    const chosen = parts.find((part) => part.lang === language) ?? parts[0];
    document.documentElement.lang = chosen.lang;
    document.title = chosen.dataset.title;
    for (const part of parts) part.hidden = part !== chosen;
    for (const link of links) link.toggleAttribute("aria-current", link.lang === chosen.lang);
    measure();
  };
  const follow = () => {
    const anchor = location.hash.slice(1);
    choose(anchor.slice(0, 2) || navigator.language.slice(0, 2));
    if (anchor.length > 2) document.getElementById(anchor)?.scrollIntoView();
  };

  // A table that does not fit says that it goes on.
  const measure = () => {
    for (const box of document.querySelectorAll(".scroll")) box.classList.toggle("cut", box.scrollWidth > box.clientWidth + 1);
  };
  addEventListener("resize", measure);
  document.addEventListener("toggle", measure, true);
  for (const box of document.querySelectorAll(".scroll")) box.dataset.cue = `${words.get(box.closest("main")).sideways} →`;

  // The value of a mark: under the mouse, near a tap, or chosen with the arrow keys.
  const tip = document.querySelector(".tip"), heard = document.querySelector(".heard");
  const chosen = new Map();
  let shown = null;
  const marksOf = (chart) => [...chart.querySelectorAll("svg [aria-label]")];
  const show = (mark, left, top) => {
    shown?.classList.remove("shown");
    shown = mark;
    tip.hidden = !mark;
    if (!mark) return;
    mark.classList.add("shown");
    tip.textContent = mark.getAttribute("aria-label");
    tip.style.left = `${Math.max(8, Math.min(left + 12, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.min(top + 16, innerHeight - tip.offsetHeight - 8)}px`;
  };
  // Of several marks at a point, the one whose middle is nearest is meant.
  const nearest = (chart, x, y, reach) => {
    let found = null, least = [reach, Infinity];
    for (const mark of marksOf(chart)) {
      const box = mark.getBoundingClientRect();
      const away = Math.hypot(Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom));
      const off = Math.hypot(box.left + box.width / 2 - x, box.top + box.height / 2 - y);
      if (away < least[0] || (away === least[0] && off < least[1])) [found, least] = [mark, [away, off]];
    }
    return found;
  };
  const point = (reach) => (event) => {
    const chart = event.target.closest?.(".chart");
    show(chart && nearest(chart, event.clientX, event.clientY, reach), event.clientX, event.clientY);
  };
  const hover = point(6);
  addEventListener("pointermove", (event) => { if (event.pointerType !== "touch") hover(event); });
  addEventListener("click", point(24));

  const middle = (mark) => {
    const box = mark.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  };
  const steps = {
    ArrowRight: (marks, at) => Math.min(at + 1, marks.length - 1),
    ArrowLeft: (marks, at) => Math.max(at - 1, 0),
    Home: () => 0,
    End: (marks) => marks.length - 1,
    ArrowUp: (marks, at) => across(marks, at, -1),
    ArrowDown: (marks, at) => across(marks, at, 1),
  };
  const across = (marks, at, direction) => {
    const [x, y] = middle(marks[at]);
    let found = at, least = Infinity;
    marks.forEach((mark, number) => {
      const [left, top] = middle(mark);
      const away = 10 * Math.abs(left - x) + Math.abs(top - y);
      if ((top - y) * direction > 2 && away < least) [found, least] = [number, away];
    });
    return found;
  };
  const read = (chart) => {
    const mark = marksOf(chart)[chosen.get(chart) ?? 0];
    const box = mark?.getBoundingClientRect();
    show(mark ?? null, box?.right, box?.top);
    heard.textContent = mark?.getAttribute("aria-label") ?? "";
  };
  for (const chart of document.querySelectorAll(".chart")) {
    chart.tabIndex = 0;
    chart.setAttribute("role", "group");
    chart.setAttribute("aria-label", `${chart.getAttribute("aria-label")} ${words.get(chart.closest("main")).keys}`);
    chart.addEventListener("focus", () => { if (chart.matches(":focus-visible")) read(chart); });
    chart.addEventListener("blur", () => show(null));
    chart.addEventListener("keydown", (event) => {
      if (event.key === "Escape") show(null);
      const marks = marksOf(chart);
      if (!steps[event.key] || !marks.length) return;
      event.preventDefault();
      chosen.set(chart, steps[event.key](marks, chosen.get(chart) ?? 0));
      read(chart);
    });
  }

  // A filter opens the groups that hold what is sought, and folds them again when nothing is.
  for (const form of document.querySelectorAll("form.filter")) {
    const [kind, sought, count] = ["select", "input", "output"].map((name) => form.querySelector(name));
    const groups = [...document.getElementById(form.dataset.list).children];
    const atFirst = groups.map((group) => group.open);
    const items = groups.map((group) => [...group.querySelectorAll(".items > li")]);
    const texts = new Map(items.flat().map((item) => [item, item.textContent.toLowerCase()]));
    const { shown: before, of } = words.get(form.closest("main"));
    const apply = () => {
      const text = sought.value.trim().toLowerCase();
      let left = 0;
      groups.forEach((group, number) => {
        let here = 0;
        for (const item of items[number]) {
          const fits = (!kind.value || kind.value === String(number + 1)) && texts.get(item).includes(text);
          item.hidden = !fits;
          here += fits;
        }
        group.hidden = here === 0;
        group.open = kind.value || text ? here > 0 : atFirst[number];
        left += here;
      });
      count.textContent = `${before} ${left} ${of} ${texts.size}`;
    };
    form.hidden = false;
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    apply();
  }

  // A number in a table is written for the language of the page; a file needs the plain one. Printed text stays as printed.
  const plain = (cell, language) => {
    const text = cell.textContent.trim();
    if (text === "" || text === "–") return null;
    if (cell.classList.contains("printed")) return text;
    const [blank, point] = language === "en" ? [",", "."] : ["[\u00a0\u202f]", ","];
    if (!new RegExp(`^-?\\d{1,3}(${blank}\\d{3})*([${point}]\\d+)?$`).test(text)) return text;
    return text.replaceAll(new RegExp(blank, "g"), "").replace(point, ".");
  };
  for (const figure of document.querySelectorAll("figure")) {
    const part = figure.closest("main");
    const text = (where) => figure.querySelector(where).textContent.trim();
    const link = () => `${location.href.split("#")[0]}#${figure.id}`;
    toolbar(figure.querySelector(".tools"), {
      name: `egov-${figure.id}`,
      words: words.get(part),
      title: text("h3"),
      source: text(".source"),
      rows: () => [...figure.querySelectorAll("tr")].map((row) => [...row.cells].map((cell) => plain(cell, part.lang))),
      svg: () => [...figure.querySelectorAll(".chart")].find((chart) => chart.checkVisibility()).querySelector("svg"),
      link,
      citation: `${text("h3")}. ${part.dataset.title}. ${text(".source")}.`,
    });
  }

  // The contents mark the section that is being read.
  const watch = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      const link = target.closest("main").querySelector(`nav.contents a[href="#${target.id}"]`);
      link.toggleAttribute("aria-current", isIntersecting);
      const list = link.closest("ol");
      if (isIntersecting) list.scrollTo({ left: link.offsetLeft - list.offsetLeft - 16 });
    }
  }, { rootMargin: "-30% 0px -69% 0px" });
  for (const section of document.querySelectorAll("section")) watch.observe(section);

  addEventListener("hashchange", follow);
  follow();
})();
