/* Citing: a dialog for the "Cite" links of a page, and whole addresses on the citing pages. */
"use strict";
(() => {
  const root = document.documentElement;
  const site = new URL(root.dataset.content_root || "./", location.href);
  const make = (tag, settings = {}, ...inside) => {
    const element = Object.assign(document.createElement(tag), settings);
    element.append(...inside);
    return element;
  };
  const load = (tag, settings) => new Promise((done, failed) => {
    document.head.append(make(tag, { ...settings, onload: done, onerror: failed }));
  });

  /* Where the site's address wasn't known when it was built, it is where the page was found. */
  const served = location.protocol.startsWith("http");
  const whole = (text, place) => {
    const address = new URL(place, site).href;
    return served && address !== place ? text.replaceAll(place, address) : text;
  };

  const FORMATS = [["apa", "APA", "txt"], ["bibtex", "BibTeX", "bib"], ["csl", "CSL-JSON", "json"], ["ris", "RIS", "ris"]];
  const pages = {};
  window.bookCitations = (name, content) => { pages[name] = content; };

  let dialog;
  const build = () => {
    const close = make("button", { type: "button", className: "citing-close", textContent: "Close", onclick: () => dialog.close() });
    const title = make("h2", { id: "citing-title", tabIndex: -1 });
    const formats = make("fieldset", {}, make("legend", { textContent: "Format" }));
    for (const [value, name] of FORMATS) {
      const input = make("input", { type: "radio", name: "citing-format", value, checked: value === "apa", onchange: () => show() });
      formats.append(make("label", {}, input, name));
    }
    const text = make("pre", { tabIndex: 0, role: "region", ariaLabel: "Citation" });
    const said = make("output", { className: "citing-said" });
    const copy = (what, textContent) => make("button", {
      type: "button", textContent, onclick: async () => {
        try {
          await navigator.clipboard.writeText(what());
          said.textContent = "Copied.";
        } catch {
          said.textContent = "The browser refused: select the text and copy it.";
        }
      },
    });
    const file = make("a", { textContent: "Download" });
    const link = make("a", { onclick: () => dialog.close() });
    const hash = make("code");
    const address = make("dt");
    const edition = make("dd");
    const all = make("a", { textContent: "All citations of this page, and how the hash is worked out" });
    const facts = make("dl", {},
      address, make("dd", {}, link, " ", copy(() => link.textContent, "Copy address")),
      make("dt", { textContent: "Version" }), edition,
      make("dt", { textContent: "SHA-256 of the content" }), make("dd", {}, hash, " ", copy(() => hash.textContent, "Copy hash")));
    dialog = make("dialog", { className: "citing" }, make("div", { className: "citing-head" }, title, close), formats, text,
      make("p", { className: "citing-acts" }, copy(() => text.textContent, "Copy citation"), file, said), facts, make("p", {}, all));
    dialog.setAttribute("aria-labelledby", "citing-title");
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener("close", () => dialog.from?.focus());
    document.body.append(dialog);
    Object.assign(dialog, { parts: { title, formats, text, said, file, link, address, hash, edition, all } });
  };

  const show = () => {
    const { page, item, from, parts } = dialog;
    const [name, , ending] = FORMATS.find(([value]) => parts.formats.querySelector(`[value=${value}]`).checked);
    const text = whole(item[name], item.place);
    parts.title.textContent = `Cite: ${item.title}`;
    parts.text.textContent = text;
    parts.said.textContent = "";
    URL.revokeObjectURL(parts.file.href);
    parts.file.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
    parts.file.download = `${from.hash.slice(1) || "page"}.${ending}`;
    parts.address.textContent = /^https:/.test(item.place) ? "Permanent address" : served ? "Address here" : "Place in the book";
    parts.link.textContent = whole(item.place, item.place);
    parts.link.href = new URL(item.place, site).href;
    parts.edition.textContent = `${page.version}, ${page.released}`;
    parts.hash.textContent = item.sha256;
    parts.all.href = from.href;
  };

  const styled = load("link", { rel: "stylesheet", href: new URL("_static/cite.css", site).href });
  window.bookCite = async (link) => {
    const [file, label = ""] = link.href.split("#");
    const name = file.slice(file.lastIndexOf("/cite/") + 6).replace(/\.html$/, "");
    if (!pages[name]) await load("script", { src: file.replace(/\.html$/, ".js") });
    await styled;
    const item = pages[name].items[label];
    if (!item) throw new Error(`no citation of ${label}`);
    if (!dialog) build();
    Object.assign(dialog, { page: pages[name], item, from: link });
    show();
    dialog.showModal();
    dialog.scrollTop = 0;
    dialog.parts.title.focus();
  };

  /* -- on a citing page ------------------------------------------------------------------------ */
  for (const item of document.querySelectorAll("[data-place]")) {
    for (const part of item.querySelectorAll("pre, .citing-apa, .citing-address")) {
      const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) texts.currentNode.data = whole(texts.currentNode.data, item.dataset.place);
    }
  }
})();
