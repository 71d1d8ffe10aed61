/* The page's behaviour: theme, menu, place in the text, copying, live charts. All of it optional. */
"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, where = document) => [...where.querySelectorAll(selector)];

  /* -- light and dark -------------------------------------------------------------------------- */
  const mode = document.querySelector(".mode");
  const showMode = () => mode?.setAttribute("aria-pressed", String(root.dataset.theme === "dark"));
  mode?.addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* storage can be off */ }
    showMode();
    paint();
    drawn.forEach((chart) => chart.draw());
  });
  showMode();

  /* Pictures of charts come in both themes; the page names the light ones, for paper too. Behind a
     live chart the light one waits: paper is printed before it could come. */
  const paint = (dark = root.dataset.theme === "dark") => {
    for (const part of all(".chart-box :is(img, source)")) {
      const live = part.closest(".is-live");
      const key = part.tagName === "IMG" ? "src" : "srcset";
      const now = part.getAttribute(key);
      const wanted = now.replace(/(-dark)?\.svg$/, dark && !live ? "-dark.svg" : ".svg");
      if (live && part.tagName === "IMG") part.loading = "eager";
      if (now !== wanted) part.setAttribute(key, wanted);
    }
  };
  paint();
  addEventListener("beforeprint", () => {
    paint(false);
    all("img[loading]").forEach((img) => { img.loading = "eager"; }); // paper has no scrolling
  });
  addEventListener("afterprint", () => paint());

  /* -- menu on narrow screens ------------------------------------------------------------------ */
  const menu = document.querySelector(".menu");
  const setMenu = (open) => {
    root.classList.toggle("menu-open", open);
    menu?.setAttribute("aria-expanded", String(open));
  };
  menu?.addEventListener("click", (event) => {
    event.preventDefault();
    setMenu(!root.classList.contains("menu-open"));
    if (root.classList.contains("menu-open")) document.querySelector("#site a")?.focus();
  });
  menu?.addEventListener("keydown", (event) => {
    if (event.key === " ") { event.preventDefault(); menu.click(); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && root.classList.contains("menu-open")) { setMenu(false); menu.focus(); }
  });

  /* -- reading aids: single keys, and what aids.js does once it is asked for ---------------------- */
  const base = root.dataset.content_root;
  const aid = (name, ...rest) => base !== undefined && load(`${base}_static/aids.js`)
    .then(() => window.bookAids[name](...rest)).catch(() => { /* the page reads without */ });
  const press = (selector) => document.querySelector(selector)?.click();
  const find = () => {
    const field = all(".find input").reverse().find((input) => input.checkVisibility());
    if (field) field.focus(); else press(".find-link a");
  };
  const keys = {
    "/": find, n: () => press('.step [rel="next"]'), p: () => press('.step [rel="prev"]'),
    t: () => press(".mode"), c: () => aid("cite"), "?": () => aid("help"),
  };
  const keysOff = () => { try { return localStorage.getItem("shortcuts") === "off"; } catch { return false; } };
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (!Object.hasOwn(keys, key) || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (target.matches("input, textarea, select, [contenteditable]") || target.closest("dialog") || keysOff()) return;
    event.preventDefault();
    keys[key]();
  });
  document.querySelector(".keys button")?.addEventListener("click", () => aid("help"));
  for (const type of ["pointerover", "focusin"]) document.addEventListener(type, (event) => {
    const link = event.pointerType !== "touch" && event.target.closest?.('a[href*="glossary.html#term-"]');
    if (link) aid("explain", link);
  });
  if (document.querySelector(".filter")) queueMicrotask(() => aid("filter"));
  /* -- search: its script comes when the field is first used ------------------------------------- */
  document.querySelector(".top .find input")?.addEventListener("focus", () => {
    if (window.bookFind) return;
    const here = (name) => document.querySelector("script[src$='book.js']").src.replace("book.js", name);
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: here("find.css") });
    document.head.append(style);
    load(here("find.js"));
  }, { once: true });

  /* -- where the reader is --------------------------------------------------------------------- */
  const links = new Map(all(".here a[href^='#']").map((a) => [decodeURIComponent(a.hash.slice(1)), a]));
  const mark = () => {
    let current = null;
    for (const [id, link] of links) {
      const target = id && document.getElementById(id);
      if (target && target.getBoundingClientRect().top < 120) current = link;
    }
    all(".here .current").forEach((li) => li.classList.remove("current"));
    if (!current) return;
    let box = document.querySelector(".here");
    for (let li = current.closest("li"); li; li = li.parentElement.closest("li")) li.classList.add("current");
    const at = current.offsetTop - box.clientHeight / 2;
    if (Math.abs(box.scrollTop - at) > box.clientHeight / 3) box.scrollTop = at;
  };
  let due = false;
  if (links.size) addEventListener("scroll", () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; mark(); });
  }, { passive: true });
  if (links.size) mark();

  /* -- links to a place beside "Cite", and citing: the dialog comes with the first click --------- */
  for (const link of all("article a.cite")) {
    const { hash: href, ariaLabel } = link;
    if (!document.getElementById(href.slice(1))) continue;
    const heading = link.closest("h1, h2, h3");
    const kind = heading ? { className: "headerlink", textContent: "#" } : { textContent: "Link" };
    const place = Object.assign(document.createElement("a"), kind, { href, ariaLabel: `Link to ${ariaLabel?.slice(5)}` });
    if (heading) {
      Object.assign(place, { tabIndex: -1, ariaHidden: "true" }); // "Cite" has the address, too
      link.after(" ", place);
    } else link.before(place, " ");
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.cite");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    load(`${root.dataset.content_root}_static/cite.js`).then(() => bookCite(link)).catch(() => { location.assign(link); });
  });

  /* -- what stacks on a narrow screen folds its long cells ---------------------------------------- */
  if (matchMedia("(max-width: 40rem)").matches) all(".stacked details").forEach((part) => { part.open = false; });

  /* -- wide things scroll by keyboard ----------------------------------------------------------- */
  const wide = new ResizeObserver((entries) => {
    for (const { target: box } of entries) {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  });
  all("pre, .math-block").forEach((box) => wide.observe(box));

  /* -- code: colours without elements, and copying --------------------------------------------- */
  const python = new RegExp([
    /(?<c>#[^\n]*)/,
    /(?<s>\b[rbfu]{0,2}(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')/,
    /(?<=\b(?:def|class)\s+)(?<f>\w+)/,
    /\b(?<k>and|as|assert|async|await|break|class|continue|def|del|elif|else|except|False|finally|for|from|global|if|import|in|is|lambda|None|nonlocal|not|or|pass|raise|return|True|try|while|with|yield)\b/,
    /\b(?<m>\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)\b/,
  ].map((r) => r.source).join("|"), "g");
  const shell = /(?<c>#[^\n]*)/g;
  const colour = () => {
    const found = { c: [], s: [], f: [], k: [], m: [] };
    for (const pre of all("pre.python, pre.shell")) {
      const text = pre.firstChild;
      for (const match of text.data.matchAll(pre.className === "python" ? python : shell)) {
        const [kind] = Object.entries(match.groups).find(([, part]) => part !== undefined);
        const range = new Range();
        range.setStart(text, match.index);
        range.setEnd(text, match.index + match[0].length);
        found[kind].push(range);
      }
    }
    for (const [kind, ranges] of Object.entries(found)) CSS.highlights.set(`code-${kind}`, new Highlight(...ranges));
  };
  const idle = window.requestIdleCallback ?? setTimeout;
  if (window.Highlight && CSS.highlights) idle(colour);

  if (navigator.clipboard) all("pre.python, pre.shell, pre.plain").forEach((pre) => {
    const box = document.createElement("div");
    const button = document.createElement("button");
    box.className = "copying";
    button.className = "copy";
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(pre.innerText);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    pre.replaceWith(box);
    box.append(pre, button);
  });

  /* -- live charts ----------------------------------------------------------------------------- */
  const drawn = [];
  const waiting = {};
  window.bookChart = (name, content) => waiting[name](content);

  const scripts = {};
  const load = (src) => scripts[src] ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    Object.assign(script, { src, onload: done, onerror: failed });
    document.head.append(script);
  });

  /* -- editions: a page at .../0.5.0/ asks the folder above for the list; an old one says so ------ */
  const top = new URL(base || "./", location.href);
  const [, edition] = /\/(\d+\.\d+\.\d+)\/$/.exec(top.pathname) || [];
  if (edition && top.protocol !== "file:") {
    window.bookEditions = (list) => {
      const newest = list.at(-1);
      if (newest === edition || !list.includes(edition)) return;
      const note = document.createElement("aside");
      const link = document.createElement("a");
      note.className = "old-edition";
      note.setAttribute("aria-label", "Edition");
      link.href = new URL(`../latest/${location.pathname.slice(top.pathname.length)}${location.hash}`, top);
      link.textContent = `the newest is ${newest}`;
      note.append(`You read edition ${edition}; `, link, ".");
      document.querySelector(".top").after(note);
    };
    load(`${base}../editions.js`).catch(() => { /* the edition stands alone */ });
  }

  const leaves = (spec) => {
    for (const key of ["vconcat", "hconcat", "concat"]) {
      if (spec[key]) return spec[key].flatMap(leaves);
    }
    return spec.spec && typeof spec.spec === "object" ? leaves(spec.spec) : [spec];
  };
  const darken = (node) => {
    if (typeof node === "string") return window.bookSwap[node.toLowerCase()] ?? node;
    if (Array.isArray(node)) return node.map(darken);
    if (node && typeof node === "object") {
      return Object.fromEntries(Object.entries(node).map(([k, v]) => [k, darken(v)]));
    }
    return node;
  };

  /* A case that a reader chose stands in the address as chart.control=value, for each control. */
  const asked = new Map();
  for (const [key, text] of new URLSearchParams(location.search)) {
    const [, chart, control] = key.match(/^([\w-]+)\.(\w+)$/) ?? [];
    if (!chart) continue;
    if (!asked.has(chart)) asked.set(chart, new Map());
    asked.get(chart).set(control, text);
  }
  const make = (tag, className, settings) => Object.assign(document.createElement(tag), { className, ...settings });
  const short = (text) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

  const RATED = /, ((?:very |exceptionally )?(?:un)?likely|virtually certain|about as likely as not)$/;

  class Chart {
    constructor(box, content) {
      this.box = box;
      this.content = content;
      this.name = box.dataset.chart;
      this.panel = box.parentElement.querySelector(".chart-controls");
      this.live = make("div", "chart-live");
      box.append(this.live);
      if (!this.panel) return;
      const press = (textContent, act) => make("button", "", { type: "button", textContent, onclick: () => act() });
      const row = make("div", "chart-case");
      this.inputs = make("div", "");
      this.note = make("output", "case-note");
      row.append(press("Copy link to this case", () => this.copy()), press("Reset", () => this.reset()), this.note);
      this.headline = make("p", "case-head", { ariaHidden: "true" });
      this.panel.append(this.headline, this.inputs, row);
      this.spoken = make("output", "unseen");
      this.panel.after(this.spoken);
    }

    spec() {
      const width = this.box.clientWidth;
      const { views, datasets } = this.content;
      const view = views[width < 500 ? "phone" : "wide"];
      let spec = structuredClone({ ...view.spec, datasets });
      if (view.inner) {
        const inner = Math.max(60, Math.floor(view.inner + width - view.width));
        leaves(spec).forEach((leaf) => { leaf.width = inner; });
      }
      return root.dataset.theme === "dark" ? darken(spec) : spec;
    }

    async draw() {
      this.width = this.box.clientWidth;
      this.result?.finalize();
      if (this.panel) this.inputs.textContent = "";
      const holder = document.createElement("div");
      this.result = await window.vegaEmbed(holder, this.spec(), {
        mode: "vega-lite", actions: false, renderer: "svg", ast: true, tooltip: true, bind: this.inputs,
      });
      holder.querySelector("svg").setAttribute("aria-hidden", "true");
      this.live.replaceChildren(holder);
      this.box.classList.add("is-live");
      paint();
      this.box.view = this.result.view; // for tests, and for the curious
      if (this.panel) await this.bind();
    }

    /* What the reader chose lasts through redrawing, and is kept in the page's address. */
    async bind() {
      const { view, vgSpec } = this.result;
      const bound = vgSpec.signals.filter((s) => s.bind?.input);
      this.controls = bound.map(({ name, bind }) => ({ name, bind, first: view.signal(name) }));
      this.rated ??= this.ratings();
      this.values ??= this.fromAddress();
      for (const [name, value] of this.values) view.signal(name, value);
      await view.runAsync();
      this.head();
      for (const { name } of this.controls) {
        view.addSignalListener(name, (_, now) => {
          this.values.set(name, now);
          this.say("");
          clearTimeout(this.soon);
          this.soon = setTimeout(() => this.head(), 30);
          clearTimeout(this.later);
          this.later = setTimeout(() => { this.keep(); this.speak(); }, 250);
        });
      }
    }

    /* The values that the address asks for, each checked against its control; says what is left out. */
    fromAddress() {
      const values = new Map();
      const ignored = [], rounded = [];
      for (const [name, text] of asked.get(this.name) ?? []) {
        const control = this.controls.find((c) => c.name === name);
        const value = control && this.accept(control, text);
        if (value === undefined) ignored.push(`${name}=${short(text)} (${control ? "not a choice here" : "no such control"})`);
        else values.set(name, value);
        if (typeof value === "number" && value !== +text) rounded.push(`${name}=${short(text)} to ${value}`);
      }
      this.say([["Ignored in the address", ignored], ["Rounded", rounded]]
        .filter(([, list]) => list.length).map(([what, list]) => `${what}: ${list.join(", ")}.`).join(" "));
      if (values.size) this.later = setTimeout(() => this.speak(), 250);
      return values;
    }

    /* The value that a control takes for a text, or undefined. A slider rounds it to its steps. */
    accept({ name, bind, first }, text) {
      if (String(first) === text) return first;
      if (bind.options) return bind.options.find((option) => String(option) === text);
      if (bind.input === "checkbox") return ["false", "true"].includes(text) ? text === "true" : undefined;
      const slider = bind.input === "range" && this.inputs.querySelector(`[name="${name}"]`).cloneNode();
      if (!slider || !/\d/.test(text) || !(+text >= +slider.min && +text <= +slider.max)) return undefined;
      slider.value = text;
      return +slider.value;
    }

    /* A query with this chart's case in place of any other of its cases. */
    query(search) {
      const query = new URLSearchParams(search);
      for (const key of [...query.keys()]) if (key.startsWith(`${this.name}.`)) query.delete(key);
      for (const { name } of this.controls) query.set(`${this.name}.${name}`, this.result.view.signal(name));
      return query;
    }

    keep() {
      let query = this.query(location.search);
      if (!this.values.size) for (const { name } of this.controls) query.delete(`${this.name}.${name}`);
      query = String(query) && `?${query}`;
      try { history.replaceState(null, "", location.pathname + query + location.hash); } catch { /* from a disk */ }
    }

    async copy() {
      const link = `${location.href.split(/[?#]/)[0]}?${this.query("")}#fig-${this.name}`;
      try {
        await navigator.clipboard.writeText(link);
        this.say("Link copied.");
      } catch {
        this.say("The link: ", make("a", "", { href: link, textContent: link }));
      }
    }

    async reset() {
      const { view } = this.result;
      for (const { name, first } of this.controls) view.signal(name, first);
      await view.runAsync();
      this.values.clear();
      this.keep();
      this.say("Back to the first values.");
    }

    say(...parts) {
      this.note.replaceChildren(...parts);
    }

    /* The texts of the drawing, mark by mark. */
    texts() {
      return all(".mark-text.role-mark", this.live).map((mark) => all("text", mark).map((t) => t.textContent));
    }

    /* The rating of each row that has one: its title, and what stands beside it ("86 %, likely"). */
    ratings() {
      const found = new Map();
      this.texts().forEach((said, at, marks) => said.forEach((text, row) => {
        if (RATED.test(text) && marks[at - 1]?.length === said.length) found.set(marks[at - 1][row], text);
      }));
      return found;
    }

    /* What those hear who hear the page: all sentences of a drawing; of a long list the ratings that moved. */
    speak() {
      const texts = this.texts().flat().filter((t) => /\s/.test(t));
      const now = this.ratings();
      const word = (said) => said?.match(RATED)[1];
      const moved = [...now].filter(([title, said]) => word(said) !== word(this.rated.get(title)));
      const told = now.size ? [...texts.filter((t) => t.endsWith(".")), ...moved.map((row) => row.join(": "))] : texts;
      this.rated = now;
      this.spoken.textContent = told.map((t) => t.replace(/\.?$/, ".")).join(" ");
    }

    /* Beside many controls, on a narrow screen, the first sentence of the result stays in sight. */
    head() {
      const [said] = this.texts().flat().filter((t) => t.endsWith("."));
      if (said && this.controls.length > 4) this.headline.textContent = said;
    }
  }

  const start = async (box) => {
    const content = new Promise((done) => { waiting[box.dataset.chart] = done; });
    await Promise.all([load(`${base}_static/vega.js`), load(box.dataset.live)]);
    const chart = new Chart(box, await content);
    await chart.draw();
    drawn.push(chart);
  };
  const begin = (box) => start(box).catch((error) => console.warn("The chart stays a picture:", error));
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      begin(target);
    }
  }, { rootMargin: "120px" });
  const boxes = all(".chart-box[data-live]");
  const cases = boxes.filter((box) => box.dataset.eager && asked.has(box.dataset.chart));
  boxes.filter((box) => !cases.includes(box)).forEach((box) => seen.observe(box));

  /* The first case asked for comes into view, unless the address leads elsewhere or the reader back. */
  Promise.all([...cases.map(begin), new Promise((done) => { addEventListener("load", done); })]).then(() => {
    const place = document.querySelector(":target");
    const [arrival] = performance.getEntriesByType("navigation");
    const box = cases.find((c) => !place || place.contains(c));
    if (box && arrival?.type === "navigate") box.closest("figure").scrollIntoView({ behavior: "instant" });
  });
  const strays = [...asked.keys()].filter((name) => !cases.some((box) => box.dataset.chart === name));
  if (strays.length) {
    const textContent = `Ignored in the address: ${strays.map(short).join(", ")} (no chart with controls on this page).`;
    document.querySelector("article")?.prepend(make("p", "case-note", { textContent }));
  }

  let resized;
  addEventListener("resize", () => {
    clearTimeout(resized);
    resized = setTimeout(() => drawn.forEach((c) => c.box.clientWidth !== c.width && c.draw()), 200);
  });
})();
