// Keyboard use of a page that works without it. A key presses what the page already has: nothing can be done here that
// a button or link does not do. Single keys fire outside fields only and can be switched off per browser (WCAG 2.1.4).
//
//   data-key="c"        on a button, link, summary or field: pressing c clicks it, or puts the cursor into a field
//   data-key-label      its words in the list of keys; otherwise its own text
//   data-rows           on a table: j and k walk through its rows by their first link, Enter opens (as ever)
//   data-keys-open      a button that opens the list; hidden until this file has run
(() => {
  "use strict";
  const STORE = "assay.keys";
  const dialog = document.getElementById("keys");
  if (!dialog) return;

  const isOn = () => {
    try { return localStorage.getItem(STORE) !== "off"; } catch { return true; }
  };
  const turn = (on) => {
    try { localStorage.setItem(STORE, on ? "on" : "off"); } catch { /* private window: holds for this page only */ }
  };
  const isShown = (element) => !element.disabled && element.getClientRects().length > 0;
  const inField = (element) =>
    element instanceof Element && (element.isContentEditable ||
      element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])"));

  const targets = () => [...document.querySelectorAll("[data-key]")].filter(isShown);
  const searchField = () => [...document.querySelectorAll("input[type=search]")].find(isShown);
  const rowLinks = () =>
    [...document.querySelectorAll("[data-rows] tbody tr")]
      .map((row) => row.querySelector("[data-open], th a[href], a[href]"))
      .filter((link) => link && isShown(link));

  const walk = (step) => {
    const links = rowLinks();
    if (!links.length) return false;
    const here = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
    const next = here < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(here + step, 0), links.length - 1);
    links[next].focus();
    links[next].scrollIntoView({ block: "nearest" });
    return true;
  };

  const press = (element) => {
    if (element.matches("input:not([type=submit], [type=button]), select, textarea")) {
      element.focus();
    } else {
      element.click();
      if (element.matches("summary")) element.parentElement.querySelector("input:not([type=hidden]), select, textarea")?.focus();
    }
    return true;
  };

  const words = (element) => {
    if (element.dataset.keyLabel) return element.dataset.keyLabel;
    const copy = (element.labels?.[0] || element).cloneNode(true);
    copy.querySelectorAll("kbd, svg, select").forEach((each) => each.remove());
    return (copy.textContent.trim() || element.getAttribute("aria-label") || "").replace(/\s+/g, " ");
  };

  const help = () => {
    const list = dialog.querySelector("dl");
    const rows = new Map();
    const add = (key, text) => { if (!rows.has(key)) rows.set(key, text); };
    targets().forEach((element) => add(element.dataset.key, words(element)));
    if (rowLinks().length) { add("j", dialog.dataset.next); add("k", dialog.dataset.previous); add("Enter", dialog.dataset.open); }
    if (searchField()) add("/", dialog.dataset.search);
    add("?", dialog.dataset.help);
    list.replaceChildren(...[...rows].flatMap(([key, text]) => {
      const term = document.createElement("dt");
      const cap = document.createElement("kbd");
      const meaning = document.createElement("dd");
      cap.textContent = key;
      meaning.textContent = text;
      term.append(cap);
      return [term, meaning];
    }));
    dialog.querySelector("[data-keys-switch]").checked = isOn();
    if (!dialog.open) dialog.showModal();
    return true;
  };

  const answer = (key) => {
    if (key === "?") return help();
    if (key === "/") { const field = searchField(); field?.focus(); field?.select(); return Boolean(field); }
    const own = targets().find((element) => element.dataset.key === key);
    if (own) return press(own);
    return key === "j" ? walk(1) : key === "k" ? walk(-1) : false;
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat && event.key !== "j" && event.key !== "k") return;
    if (!isOn() || dialog.open || document.querySelector("dialog[open]") || inField(event.target)) return;
    if (answer(event.key)) event.preventDefault();
  });
  dialog.querySelector("[data-keys-switch]").addEventListener("change", (event) => turn(event.target.checked));
  document.querySelectorAll("[data-keys-open]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", help);
  });
})();
