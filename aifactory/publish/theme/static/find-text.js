/* How Sphinx's full text search shows itself on the search page. */
"use strict";
Documentation.TRANSLATIONS["Search Results"] = "In the text";
/* The lines around each place are fetched from the page, which browsers refuse from a disk. */
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
