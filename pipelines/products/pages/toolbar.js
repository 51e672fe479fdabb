// Breaks a text into lines of at most `width` pixels in a font.
const wrapped = (() => {
  const pen = document.createElement("canvas").getContext("2d");
  return (text, width, font) => {
    pen.font = font;
    const lines = [""];
    for (const word of text.split(" ")) {
      const longer = `${lines.at(-1)} ${word}`.trim();
      if (lines.at(-1) && pen.measureText(longer).width > width) lines.push(word);
      else lines[lines.length - 1] = longer;
    }
    return lines;
  };
})();

// The buttons under a chart: its rows as CSV, its picture as SVG and PNG, a link to it, and how to cite it.
//
// toolbar(host, chart) fills the element `host`. `chart` describes what is shown:
//   name      the name of the files, without extension
//   words     the labels in the language of the page: csv, svg, png, link, cite, copy, copied
//   title     one sentence, for the head of the picture
//   source    the sources and the release, for its foot
//   rows()    an array of rows, the first one with the names of the columns; null is an empty cell
//   svg()     the SVG element, or a promise of it; its colours may be CSS variables
//   link()    the address that opens the same view
//   citation  what to cite; the address follows it, without the folder if the page lies in one of this computer
const toolbar = (() => {
  const FONT = "13px sans-serif", MARGIN = 16, LINE = 18;

  // A byte order mark makes Excel read the file as UTF-8.
  const asCsv = (rows) =>
    "\ufeff" + rows.map((row) => row.map((cell) => {
      const text = cell === null || cell === undefined ? "" : String(cell);
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    }).join(",")).join("\r\n") + "\r\n";

  const save = (name, content, type) => {
    const address = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
    Object.assign(document.createElement("a"), { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  };

  // The picture stands alone: the title and the source become part of it, and the variables of the page become colours.
  const picture = (chart, drawn) => {
    const namespace = "http://www.w3.org/2000/svg";
    const box = drawn.viewBox.baseVal;
    const [inner, height] = box && box.width ? [box.width, box.height] : [drawn.clientWidth, drawn.clientHeight];
    const style = getComputedStyle(document.documentElement);
    const width = inner + 2 * MARGIN;
    const whole = document.createElementNS(namespace, "svg");
    const write = (lines, top, weight, colour) => lines.forEach((line, number) => {
      const text = document.createElementNS(namespace, "text");
      text.setAttribute("x", MARGIN);
      text.setAttribute("y", top + LINE * (number + 1) - 4);
      text.setAttribute("style", `font: ${weight} ${FONT}; fill: ${colour}`);
      text.textContent = line;
      whole.append(text);
    });
    const title = wrapped(chart.title, inner, `bold ${FONT}`), source = wrapped(chart.source, inner, FONT);
    const top = MARGIN + title.length * LINE + 8;
    const tall = top + height + 8 + source.length * LINE + MARGIN;
    whole.setAttribute("xmlns", namespace);
    whole.setAttribute("viewBox", `0 0 ${width} ${tall}`);
    whole.setAttribute("width", width);
    whole.setAttribute("height", tall);
    const ground = document.createElementNS(namespace, "rect");
    ground.setAttribute("width", width);
    ground.setAttribute("height", tall);
    ground.setAttribute("fill", "var(--page)");
    whole.append(ground);
    write(title, MARGIN, "bold", "var(--ink)");
    const copy = drawn.cloneNode(true);
    for (const [name, value] of Object.entries({ x: MARGIN, y: top, width: inner, height })) copy.setAttribute(name, value);
    copy.removeAttribute("style");
    whole.append(copy);
    write(source, top + height + 8, "normal", "var(--soft)");
    const text = new XMLSerializer().serializeToString(whole);
    return { width, height: tall, text: text.replace(/var\((--[\w-]+)\)/g, (_, name) => style.getPropertyValue(name).trim()) };
  };

  const asPng = async ({ text, width, height }) => {
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done, "image/png"));
  };

  return (host, chart) => {
    const said = Object.assign(document.createElement("span"), { className: "said" });
    said.setAttribute("role", "status");
    // A page may be denied the clipboard: its text is then shown, selected, to be copied by hand.
    const copy = async (text) => {
      try {
        await navigator.clipboard.writeText(text);
        said.textContent = chart.words.copied;
        setTimeout(() => { said.textContent = ""; }, 3000);
      } catch {
        const shown = Object.assign(document.createElement("input"), { readOnly: true, value: text });
        shown.setAttribute("aria-label", chart.words.copy);
        said.replaceChildren(shown);
        shown.select();
      }
    };
    const actions = {
      csv: () => save(`${chart.name}.csv`, asCsv(chart.rows()), "text/csv"),
      svg: async () => save(`${chart.name}.svg`, picture(chart, await chart.svg()).text, "image/svg+xml"),
      png: async () => save(`${chart.name}.png`, await asPng(picture(chart, await chart.svg())), "image/png"),
      link: () => copy(chart.link()),
      cite: () => copy(`${chart.citation} ${chart.link().replace(/^file:[^#]*\//, "")}`),
    };
    host.classList.add("toolbar");
    host.replaceChildren(...Object.entries(actions).map(([action, act]) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: chart.words[action] });
      button.dataset.action = action;
      button.addEventListener("click", act);
      return button;
    }), said);
  };
})();
