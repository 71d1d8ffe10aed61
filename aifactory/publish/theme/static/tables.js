"use strict";
// Find a table on the data page: by words of its title, name, description and fields.
(() => {
  const box = document.getElementById("find-tables");
  const input = box.querySelector("input");
  const status = box.querySelector("[role=status]");
  const items = [...document.querySelectorAll(".tables li")].map((item) => ({
    item, words: `${item.textContent} ${item.dataset.words}`.toLowerCase(),
  }));
  function find() {
    const asked = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { item, words } of items) {
      item.hidden = !asked.every((word) => words.includes(word));
      shown += !item.hidden;
    }
    for (const section of document.querySelectorAll(".tables")) {
      section.hidden = !section.querySelector("li:not([hidden])");
    }
    status.textContent = asked.length ? `${shown} of ${items.length} tables` : "";
  }
  // An address of one table must find it, whatever was searched for.
  addEventListener("hashchange", () => { input.value = ""; find(); });
  input.addEventListener("input", find);
  box.hidden = false;
  find();
})();
