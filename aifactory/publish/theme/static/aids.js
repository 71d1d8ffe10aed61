/* Reading aids that are fetched when first asked for: the filter of the first page, the list of
   keyboard shortcuts, glossary tooltips, and the way to the citation of what is being read. */
"use strict";
(() => {
  const root = document.documentElement;
  const base = root.dataset.content_root;
  const all = (selector, where = document) => [...where.querySelectorAll(selector)];
  const make = (tag, settings = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), settings);
    element.append(...children);
    return element;
  };
  const added = (element) => new Promise((done, failed) => {
    Object.assign(element, { onload: done, onerror: failed });
    document.head.append(element);
  });
  let sheet;
  const styled = () => sheet ??= added(make("link", { rel: "stylesheet", href: `${base}_static/aids.css` }));

  /* -- keyboard shortcuts ------------------------------------------------------------------------ */
  const KEYS = [
    ["/", "Search"], ["n", "Next page"], ["p", "Previous page"], ["t", "Light or dark"],
    ["c", "Cite this section"], ["?", "This list"],
  ];
  let dialog;
  const help = async () => {
    await styled();
    if (!dialog) {
      const list = make("dl");
      for (const [key, what] of KEYS) list.append(make("div", {}, make("dt", {}, make("kbd", { textContent: key })), make("dd", { textContent: what })));
      const on = make("input", { type: "checkbox" });
      on.addEventListener("change", () => {
        try { localStorage.setItem("shortcuts", on.checked ? "on" : "off"); } catch { /* storage can be off */ }
      });
      const close = make("button", { type: "button", textContent: "Close" });
      close.addEventListener("click", () => dialog.close());
      dialog = make("dialog", { className: "help" },
        make("h2", { id: "help-title", textContent: "Keyboard shortcuts" }), list,
        make("p", {}, make("label", {}, on, " Single keys work as shortcuts")), make("p", {}, close));
      dialog.setAttribute("aria-labelledby", "help-title");
      dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
      dialog.switch = on;
      document.body.append(dialog);
    }
    try { dialog.switch.checked = localStorage.getItem("shortcuts") !== "off"; } catch { /* storage can be off */ }
    if (!dialog.open) dialog.showModal();
  };

  /* -- cite what is being read -------------------------------------------------------------------- */
  const cite = () => {
    const links = all("article a.cite");
    const near = links.filter((link) => link.getBoundingClientRect().top < innerHeight / 2);
    (near.at(-1) ?? links[0])?.click();
  };

  /* -- glossary tooltips: on hover and focus, hoverable, gone with Escape ------------------------- */
  let terms, tip, told, leaving;
  const defined = () => terms ??= new Promise((done, failed) => {
    window.bookTerms = done;
    added(make("script", { src: `${base}_static/glossary.js` })).catch(failed);
  });
  const hide = () => {
    clearTimeout(leaving);
    told?.removeAttribute("aria-describedby");
    told = undefined;
    if (tip) tip.hidden = true;
  };
  const stay = () => clearTimeout(leaving);
  const leave = () => {
    stay();
    leaving = setTimeout(() => { if (document.activeElement !== told) hide(); }, 250);
  };
  const known = new WeakSet();
  const explain = async (link) => {
    const wanted = () => link.matches(":hover") || document.activeElement === link;
    if (!known.has(link)) {
      known.add(link);
      link.addEventListener("pointerleave", leave);
      link.addEventListener("blur", () => { if (told === link && !tip.matches(":hover")) hide(); });
    }
    if (told === link) { stay(); return; }
    const [words] = await Promise.all([defined(), styled()]);
    const text = words[decodeURIComponent(link.hash.slice(1))];
    if (!text || !wanted()) return;
    if (!tip) {
      tip = make("div", { id: "term-tip", className: "tip", role: "tooltip", hidden: true });
      tip.addEventListener("pointerenter", stay);
      tip.addEventListener("pointerleave", leave);
      document.body.append(tip);
    }
    hide();
    told = link;
    tip.textContent = text;
    tip.hidden = false;
    link.setAttribute("aria-describedby", "term-tip");
    const box = link.getClientRects()[0], size = tip.getBoundingClientRect();
    const left = Math.max(8, Math.min(box.left, root.clientWidth - size.width - 8));
    const below = box.bottom + size.height + 8 < innerHeight;
    tip.style.left = `${left + scrollX}px`;
    tip.style.top = `${(below ? box.bottom : box.top - size.height) + scrollY}px`;
  };
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });

  /* -- the filter of the first page: what is chosen stands in the address -------------------------- */
  const filter = () => {
    const form = document.querySelector(".filter");
    const rows = all(".argument .score");
    const { subject, why } = form.elements;
    const boxes = all('[name="rating"]', form);
    const said = form.querySelector("output");
    const unfold = () => all(".score-why", document.querySelector(".argument")).forEach((part) => { part.open = why.checked; });
    const show = () => {
      const ratings = boxes.filter((box) => box.checked).map((box) => box.value);
      let count = 0;
      for (const row of rows) {
        const of = row.closest(".subject").dataset.subject;
        row.hidden = (subject.value && subject.value !== of) || (ratings.length > 0 && !ratings.includes(row.dataset.group));
        count += !row.hidden;
      }
      for (const part of all(".argument .subject")) part.hidden = !part.querySelector(".score:not([hidden])");
      said.textContent = count ? `${count} of ${rows.length} claims shown` : "No claim fits. “Show all” brings them back.";
    };
    const keep = () => {
      const query = new URLSearchParams(location.search);
      for (const name of ["subject", "rating", "why"]) query.delete(name);
      for (const [name, value] of new FormData(form)) if (value) query.append(name, value);
      const text = String(query) && `?${query}`;
      try { history.replaceState(null, "", location.pathname + text + location.hash); } catch { /* from a disk */ }
    };
    const asked = new URLSearchParams(location.search);
    const wanted = asked.getAll("rating");
    if ([...subject.options].some((option) => option.value === asked.get("subject"))) subject.value = asked.get("subject");
    boxes.forEach((box) => { box.checked = wanted.includes(box.value); });
    why.checked = asked.get("why") === "1";
    if (why.checked) unfold();
    show();
    form.addEventListener("change", (event) => {
      if (event.target === why) unfold();
      show();
      keep();
    });
    form.addEventListener("reset", () => setTimeout(() => { unfold(); show(); keep(); }));
    form.addEventListener("submit", (event) => event.preventDefault());
    /* A link into what is filtered away brings it back. */
    for (const link of all(".chain a")) link.addEventListener("click", () => {
      if (document.getElementById(link.hash.slice(1))?.closest("[hidden]")) form.reset();
    });
  };

  window.bookAids = { help, cite, explain, filter };
})();
