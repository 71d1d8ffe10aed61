/* How Sphinx's full text search shows itself on the search page. */
"use strict";
Documentation.TRANSLATIONS["Search Results"] = "In the text";
/* The lines around each place are fetched from the page, which browsers refuse from a disk. */
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
/* A snippet is prose: no code, contents or controls, and of sources only where nothing else has the words. A result leads to the heading above it. */
Search.makeSearchSummary = (page, asked, anchor) => {
  const main = new DOMParser().parseFromString(page, "text/html").querySelector('[role="main"]');
  const summary = document.createElement("p");
  summary.className = "context";
  if (!main) return summary;
  const off = "pre, code, nav, script, style, svg, summary, .headerlink, a.cite, .here-short, .step, .edit, .chapter-head, .find-page, .chart-links, .verdict-links";
  main.querySelectorAll(off).forEach((part) => part.remove());
  const part = main.querySelector(anchor ? `#${CSS.escape(anchor.slice(1))}` : "article") ?? main;
  const blocks = [...part.querySelectorAll("p, li, td, th, dd, dt, blockquote, caption, h1, h2, h3, h4")]
    .filter((block) => !block.querySelector("p, li, td, dd, h2"));
  const words = [...asked];
  const has = (part) => words.filter((word) => part.textContent.toLowerCase().includes(word)).length;
  const pick = (from) => from.reduce((a, b) => (has(b) > (a ? has(a) : 0) ? b : a), null);
  const best = pick(blocks.filter((block) => !block.closest(".citation"))) ?? pick(blocks); // sources where nothing else
  if (!best) return summary;
  const text = best.textContent.replace(/\s+/g, " ").trim();
  const at = Math.min(...words.map((word) => text.toLowerCase().indexOf(word)).filter((i) => i >= 0));
  const start = at > 120 ? text.indexOf(" ", at - 100) + 1 : 0;
  const cut = text.slice(start, start + 240);
  const end = text.length > start + 240;
  summary.textContent = (start ? "… " : "") + (end ? `${cut.slice(0, cut.lastIndexOf(" "))} …` : cut);
  const place = best.id || best.closest("[id]:not(main, article)")?.id;
  if (place && !anchor) queueMicrotask(() => {
    const link = summary.parentElement?.querySelector("a");
    if (link) link.hash = place;
  });
  return summary;
};
