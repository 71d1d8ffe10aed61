/* Finds claims, terms, figures and the rest: on the search page, and while one types in the header. */
"use strict";
(() => {
  const base = document.documentElement.dataset.content_root ?? "../";
  const WORD = /[\p{L}\p{N}]/u;
  const ends = /(?:ies|ings?|ed|es|s|y)$/;
  /* Words that mean one thing, or are spelled in two ways: whoever asks for one finds the others. */
  const alike = [
    ["labor", "labour"], ["center", "centre"], ["license", "licence"], ["liter", "litre"], ["aluminum", "aluminium"],
    ["meter", "metre"], ["sulfur", "sulphur"], ["home", "household"], ["foxconn", "hon-hai"], ["musk", "xai"], ["download", "data"],
  ];
  const make = (tag, className = "", textContent = "") => Object.assign(document.createElement(tag), { className, textContent });

  /* -- matching -------------------------------------------------------------------------------- */
  /* Text without case and accents, and where each of its characters came from. */
  const fold = (text) => {
    let plain = "";
    const from = [];
    let at = 0;
    for (const sign of text) {
      const part = sign.normalize("NFKD").replace(/\p{M}/gu, "").replace(/[‐-―−]/g, "-").toLowerCase();
      for (let i = 0; i < part.length; i += 1) from.push(at);
      plain += part;
      at += sign.length;
    }
    from.push(text.length);
    return { plain, from };
  };
  const words = (query) => fold(query).plain.replace(/\bhon hai\b/g, "hon-hai").replace(/["“”„?!,;:()]/g, " ").split(/\s+/).filter((w) => WORD.test(w));

  /* Where a word begins in a text; `whole` tells whether it also ends there. */
  const places = (plain, word) => {
    const found = [];
    for (let at = plain.indexOf(word); at >= 0; at = plain.indexOf(word, at + 1)) {
      const after = plain[at + word.length];
      if (at && WORD.test(plain[at - 1]) && WORD.test(word[0])) continue;
      if (/\d$/.test(word) && after && /\d/.test(after)) continue; // 1.2 is not 1.25
      found.push({ at, length: word.length, whole: !after || !WORD.test(after) });
    }
    return found;
  };
  /* How a word may be written otherwise: another ending, or its parts apart. */
  const variants = (word) => {
    const stem = word.length > 4 && /^\p{L}+$/u.test(word) ? word.replace(ends, "") : word;
    const forms = stem.length > 3 && stem !== word ? [word, stem] : [word];
    const same = alike.filter((group) => group.some((one) => forms.includes(one) || word === `${one}s`)).flat();
    return [...forms, ...same.flatMap((one) => [one, one.replace("-", " ")]).filter((one) => !forms.includes(one))];
  };
  const strength = (plain, word) => {
    let best = 0;
    variants(word).forEach((form, other) => {
      for (const { whole } of places(plain, form)) best = Math.max(best, (whole ? 3 : 2) - Math.min(other, 1));
    });
    if (!best && word.includes("-")) {
      const parts = word.split("-").filter(Boolean);
      if (parts.every((part) => places(plain, part).length)) best = 1;
    }
    return best;
  };

  /* -- ranking --------------------------------------------------------------------------------- */
  let index = null;
  const take = ({ kinds, pages, entries }) => {
    index = entries.map(([kind, title, other, page, anchor, answer]) => ({
      kind, name: kinds[kind][0], plural: kinds[kind][1], title, answer,
      address: base + pages[page] + (anchor ? `#${anchor}` : ""),
      fields: [title, other === 0 ? anchor : other, answer].map((text) => fold(text).plain),
    }));
  };
  /* Lower tiers come first: the very title or id; all words in the title; in title and other words;
     with the answer's help. */
  const judge = (entry, asked, query) => {
    const [title, other] = entry.fields;
    let tier = 1, score = 0;
    for (const word of asked) {
      const found = entry.fields.map((field) => strength(field, word));
      if (!found.some(Boolean)) return null;
      const where = found.findIndex(Boolean);
      tier = Math.max(tier, where + 1);
      score += found[where] * (3 - where);
    }
    const names = [title, other.split(" ")[0], ...other.split("; ")]; // the id, or other names of a term
    if (names.includes(query) || title.replace(/\s*\(.*\)$/, "") === query) tier = 0;
    if (title.startsWith(query)) score += 4;
    else if (title.includes(query)) score += 2;
    return { entry, tier, score: score - title.length / 400 };
  };
  const rank = (query) => {
    const asked = words(query);
    if (!asked.length) return [];
    const whole = asked.join(" ");
    const found = index.map((entry) => judge(entry, asked, whole)).filter(Boolean);
    const order = (a, b) => a.tier - b.tier || a.entry.kind - b.entry.kind || b.score - a.score;
    return found.sort(order).map(({ entry, tier }) => ({ ...entry, tier }));
  };

  /* -- showing --------------------------------------------------------------------------------- */
  /* A text with the words that were found in it marked. */
  const marked = (box, text, asked) => {
    const { plain, from } = fold(text);
    const spans = asked
      .flatMap((word) => [...variants(word), ...word.split("-").filter((p) => p.length > 1)])
      .flatMap((form) => places(plain, form))
      .map(({ at, length }) => [from[at], from[at + length]])
      .sort((a, b) => a[0] - b[0] || b[1] - a[1]);
    let done = 0;
    for (const [start, end] of spans) {
      if (start < done || end <= start) continue;
      box.append(text.slice(done, start), make("mark", "", text.slice(start, end)));
      done = end;
    }
    box.append(text.slice(done));
    return box;
  };
  const row = (entry, asked) => {
    const item = make("li");
    const link = marked(make("a"), entry.title, asked);
    link.href = entry.address;
    item.append(link);
    if (entry.answer) item.append(marked(make("p", "found-answer"), entry.answer, asked));
    return item;
  };
  const list = (entries, asked) => {
    const box = make("ul", "found");
    box.append(...entries.map((entry) => row(entry, asked)));
    return box;
  };
  const FIRST = 6;
  const show = (query, box) => {
    const asked = words(query);
    const groups = new Map();
    for (const entry of rank(query)) groups.set(entry.plural, [...(groups.get(entry.plural) ?? []), entry]);
    const count = [...groups.values()].reduce((sum, group) => sum + group.length, 0);
    box.replaceChildren(make("h2", "", "In the book’s claims, terms and data"));
    const said = [...groups].map(([plural, group]) => `${group.length} ${group.length > 1 ? plural.toLowerCase() : group[0].name}`).join(", ");
    box.append(make("p", "found-count", count ? `${count} found: ${said}.` : "Nothing there has all of these words."));
    for (const [plural, group] of groups) {
      box.append(make("h3", "", `${plural} (${group.length})`), list(group.slice(0, FIRST), asked));
      if (group.length <= FIRST) continue;
      const more = make("details");
      more.append(make("summary", "", `${group.length - FIRST} more ${plural.toLowerCase()}`), list(group.slice(FIRST), asked));
      box.append(more);
    }
  };

  /* -- suggestions in the header: a combobox with a list, after the pattern of the ARIA guide ------ */
  const suggest = (input) => {
    const form = input.form;
    const box = make("ul", "suggestions");
    const status = make("p", "unseen");
    status.setAttribute("role", "status");
    Object.assign(box, { id: "suggestions", hidden: true, role: "listbox", ariaLabel: "Suggestions" });
    form.append(box, status);
    const put = (values) => Object.entries(values).forEach(([k, v]) => input.setAttribute(k, v));
    put({ role: "combobox", "aria-expanded": "false", "aria-controls": box.id, "aria-autocomplete": "list", autocomplete: "off" });
    let current = -1;
    const close = () => {
      box.hidden = true;
      current = -1;
      put({ "aria-expanded": "false" });
      input.removeAttribute("aria-activedescendant");
    };
    const choose = (at) => {
      const options = [...box.children];
      current = at;
      options.forEach((option, i) => option.setAttribute("aria-selected", String(i === at)));
      if (at < 0) { input.removeAttribute("aria-activedescendant"); return; }
      put({ "aria-activedescendant": options[at].id });
      options[at].scrollIntoView({ block: "nearest" });
    };
    const open = () => {
      const asked = words(input.value);
      const found = rank(input.value).slice(0, 8);
      box.replaceChildren(...found.map((entry, at) => {
        const option = make("li");
        Object.assign(option, { id: `suggestion-${at}`, role: "option" });
        option.dataset.address = entry.address;
        option.setAttribute("aria-selected", "false");
        option.append(marked(make("span"), entry.title, asked), " ", make("small", "", entry.name));
        return option;
      }));
      if (!found.length) { close(); status.textContent = asked.length ? "No suggestions" : ""; return; }
      current = -1;
      box.hidden = false;
      put({ "aria-expanded": "true" });
      input.removeAttribute("aria-activedescendant");
      status.textContent = `${found.length} suggestion${found.length > 1 ? "s" : ""}`;
    };
    const go = (option) => { close(); location.href = option.dataset.address; };
    input.addEventListener("input", open);
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const count = box.children.length;
      if (event.key === "Escape" && !box.hidden) { event.preventDefault(); close(); }
      else if (event.key === "Enter" && !box.hidden && current >= 0) { event.preventDefault(); go(box.children[current]); }
      else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (box.hidden) open();
        if (box.hidden) return;
        const step = event.key === "ArrowDown" ? 1 : -1;
        choose(current < 0 && step < 0 ? count - 1 : (current + step + count) % count);
      }
    });
    box.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    box.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) go(option);
    });
    if (input.value && document.activeElement === input) open();
  };

  /* -- start ----------------------------------------------------------------------------------- */
  window.bookFind = (query) => rank(query).map(({ name, title, address, tier }) => ({ name, title, address, tier })); // for tests
  window.bookEntries = (content) => {
    take(content);
    const field = document.querySelector(".top .find input");
    if (field) suggest(field);
    const box = document.getElementById("found");
    const query = new URLSearchParams(location.search).get("q");
    if (box && query?.trim()) show(query, box);
  };
  const entries = document.createElement("script");
  entries.src = `${base}search-entries.js`;
  document.head.append(entries);
})();
