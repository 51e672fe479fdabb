// Switches the language of the page, and shows the label of the mark under the pointer. Without this script, the page is in English.
(() => {
  const parts = [...document.querySelectorAll("main[lang]")];
  const links = [...document.querySelectorAll("nav.languages a")];
  const choose = (language) => {
    const chosen = parts.find((part) => part.lang === language) ?? parts[0];
    document.documentElement.lang = chosen.lang;
    document.title = chosen.dataset.title;
    for (const part of parts) part.hidden = part !== chosen;
    for (const link of links) link.toggleAttribute("aria-current", link.lang === chosen.lang);
  };
  const follow = () => {
    const anchor = location.hash.slice(1);
    choose(anchor.slice(0, 2) || navigator.language.slice(0, 2));
    if (anchor.length > 2) document.getElementById(anchor)?.scrollIntoView();
  };
  addEventListener("hashchange", follow);
  follow();

  const tip = document.querySelector(".tip");
  addEventListener("pointermove", (event) => {
    const mark = event.target.closest?.("figure svg [aria-label]");
    tip.hidden = !mark;
    if (!mark) return;
    tip.textContent = mark.getAttribute("aria-label");
    tip.style.left = `${Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${event.clientY + 16}px`;
  });
})();
