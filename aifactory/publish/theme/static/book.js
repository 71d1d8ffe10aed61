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

  /* Pictures of charts come in both themes; the page names the light ones, for paper too. */
  const paint = (dark = root.dataset.theme === "dark") => {
    for (const part of all(".chart-box :is(img, source)")) {
      const key = part.tagName === "IMG" ? "src" : "srcset";
      const now = part.getAttribute(key);
      const wanted = now.replace(/(-dark)?\.svg$/, dark ? "-dark.svg" : ".svg");
      if (now !== wanted) part.setAttribute(key, wanted);
    }
  };
  paint();
  addEventListener("beforeprint", () => paint(false));
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
    const typing = /INPUT|TEXTAREA|SELECT/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing) {
      event.preventDefault();
      document.querySelector(".find input")?.focus();
    }
  });

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

  /* -- wide things scroll by keyboard ----------------------------------------------------------- */
  all("pre, .math-block").forEach((box) => {
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
  });

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

  class Chart {
    constructor(box, content) {
      this.box = box;
      this.content = content;
      this.values = {};
      this.panel = box.parentElement.querySelector(".chart-controls");
      this.live = Object.assign(document.createElement("div"), { className: "chart-live" });
      box.append(this.live);
      if (this.panel) {
        this.spoken = Object.assign(document.createElement("output"), { className: "unseen" });
        this.panel.after(this.spoken);
      }
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
      if (this.panel) this.panel.textContent = "";
      const holder = document.createElement("div");
      this.result = await window.vegaEmbed(holder, this.spec(), {
        mode: "vega-lite", actions: false, renderer: "svg", ast: true, tooltip: true,
        bind: this.panel ?? undefined,
      });
      holder.querySelector("svg").setAttribute("aria-hidden", "true");
      this.live.replaceChildren(holder);
      this.box.classList.add("is-live");
      if (this.panel) await this.bind();
    }

    /* Values of the controls last through redrawing and can be put in the page's address. */
    async bind() {
      const { view, vgSpec } = this.result;
      const name = this.box.dataset.chart;
      const asked = new URLSearchParams(location.search);
      for (const { name: signal } of vgSpec.signals.filter((s) => s.bind)) {
        const key = `${name}.${signal}`;
        const first = view.signal(signal);
        let value = this.values[signal] ?? (asked.has(key) ? asked.get(key) : first);
        if (typeof first === "number") value = Number.isFinite(+value) ? +value : first;
        if (value !== first) view.signal(signal, value);
        view.addSignalListener(signal, (_, now) => {
          this.values[signal] = now;
          const query = new URLSearchParams(location.search);
          query.set(key, now);
          try { history.replaceState(null, "", `?${query}${location.hash}`); } catch { /* from a disk */ }
          clearTimeout(this.later);
          this.later = setTimeout(() => this.speak(), 500);
        });
      }
      await view.runAsync();
    }

    /* The sentences inside the drawing, for those who hear the page. */
    speak() {
      const texts = all(".mark-text.role-mark text", this.live).map((t) => t.textContent);
      this.spoken.textContent = texts.filter((t) => /\s/.test(t)).join(". ");
    }
  }

  const start = async (box) => {
    const base = root.dataset.content_root;
    const content = new Promise((done) => { waiting[box.dataset.chart] = done; });
    await Promise.all([load(`${base}_static/vega.js`), load(box.dataset.live)]);
    const chart = new Chart(box, await content);
    await chart.draw();
    drawn.push(chart);
  };
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      start(target).catch((error) => console.warn("The chart stays a picture:", error));
    }
  }, { rootMargin: "120px" });
  all(".chart-box[data-live]").forEach((box) => seen.observe(box));

  let resized;
  addEventListener("resize", () => {
    clearTimeout(resized);
    resized = setTimeout(() => drawn.forEach((c) => c.box.clientWidth !== c.width && c.draw()), 200);
  });
})();
