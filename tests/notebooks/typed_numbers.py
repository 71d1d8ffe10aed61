"""Find figures that somebody typed into prose instead of computing them.

A figure in prose comes through {glue:text} or the verdict, so that it cannot disagree with the run.
Typing is allowed for what is not a result:

- what the claim itself says (data/claims.csv, with the word that follows unless the number has
  thousands; gigawatts also as megawatts), and the post's lines;
- a bare 0 or 1, as in "a load factor of 1";
- years and dates;
- names that have a number in them: letters joined to digits (RTS-79, GGOV1, N-1, CO2), and NAMES;
- quantiles and interval widths by which results are reported (5-95 %, 90 % interval);
- what stands in mathematics, code, roles, addresses and list markers.

Numbers in words count where a unit or a scale follows (forty megawatts, three million), not where
things are counted (two readings) or described (a two-hour battery).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# Names with a number that stands apart. Add one with a word on what it is.
NAMES = (
    r"Colossus [12]",  # the sites
    r"Llama 3(?:\.1)?",  # a language model
    r"ISO \d+(?:-\d+)?(?::\d+)?",  # standards, with their year
    r"IEEE(?: Std)? \d+(?:\.\d+)?",
    r"IEC \d+(?:-\d+)*",
    r"NFPA \d+",
    r"AR[56]",  # assessment reports of the IPCC
    r"Form \d+",  # of a statistical office
    r"Megapack [23](?: XL)?",  # batteries
    r"Titan \d+",  # gas turbines
    r"10²⁴ (?:useful )?operations",  # the unit of a large training run
    r"one day in ten years",  # the planning standard
)
REPORTING = (
    r"5\s?(?:%|th|per cent)?\s?(?:[-–]|to|and)(?: its)?\s?95\s?(?:%|th|per cent)?",
    r"5th, (?:50th|median) and 95th",
    r"(?:5|50|95)(?:th percentile| % quantile)",
    r"9[05]\s?% (?:credible |confidence |prediction )?(?:interval|range)",
    r"intervals? (?:\w+ ){0,6}of 90\s?%",
)
UNITS = (
    r"%|per ?cent|percent|times|fold|thousand|million|billion|trillion|[kMGT]?W(?:h|p)?"
    r"|[kM]?V(?:A)?|[mk]?Hz|hours?|minutes?|seconds?|days?|weeks?|months?|years?|dollars?|tonnes?|tons?|km"
    r"|hectares?|acres?|megawatts?|gigawatts?|kilowatts?|degrees?"
)
MONTHS = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
)
YEAR = r"(?:1[89]|20)\d\d"
ALLOWED = [
    rf"\b{YEAR}-\d\d(?:-\d\d)?\b",
    rf"\b\d{{1,2}}(?:[-–]\d{{1,2}})? {MONTHS}\b(?: {YEAR})?",
    rf"\b{MONTHS} \d{{1,2}}\b(?:,? {YEAR})?",
    rf"\b{YEAR}(?:[-–/](?:{YEAR}|\d\d))?s?\b(?!\s?(?:{UNITS})\b)(?![.,]\d)",
    r"\b[Ll]ines? \d+(?:[-–]\d+)?(?:(?:,? and |, )\d+(?:[-–]\d+)?)*",
    *(rf"\b{name}\b" for name in NAMES),
    *(rf"\b{way}" for way in REPORTING),
    r"\b[A-Za-z]+[-\N{NON-BREAKING HYPHEN}\N{MINUS SIGN}]?\d[\w.-]*",
    rf"(?<![\d.,])[01](?![\d\w])(?![.,]\d)(?!\s?(?:{UNITS})\b)",
    r"\[\^\d+\]",
    r"^\s*\d+[.)]\s",
]
_ALLOWED = re.compile("|".join(ALLOWED), re.M)
_WORDS = (
    "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty"
    "|sixty|seventy|eighty|ninety|hundred|dozen"
)
_IN_WORDS = re.compile(rf"\b(?:{_WORDS})(?:[ -](?:{_WORDS}))*(?: (?:{UNITS}))+\b", re.I)
_NUMBER = re.compile(r"\S*\d\S*(?: \w+)?")
_NOT_PROSE = [
    re.compile(r"<!--.*?-->", re.S),
    re.compile(r"^%.*$", re.M),
    re.compile(r"\$\$.*?\$\$", re.S),
    re.compile(r"\{[\w:+-]+\}(`+).*?\1", re.S),  # roles
    re.compile(r"(`+).*?\1", re.S),
    re.compile(r"(?<![\\\w])\$[^$\n]+(?:\n[^$\n]+)?\$(?!\w)"),
    re.compile(r"(?<=\])\([^()\s]*(?:\([^()]*\))?[^()\s]*\)"),  # targets of links
    re.compile(r"<?https?://\S+>?"),
    re.compile(r"\bdoi:\S+"),
]


def blank(pattern: re.Pattern[str], text: str) -> str:
    """Take out what matches, but keep its line breaks."""
    return pattern.sub(lambda m: "\N{SECTION SIGN}" + "\n" * m[0].count("\n"), text)


def spoken_by(claims: Iterable[dict[str, str]]) -> list[str]:
    """Patterns of the numbers, each with the word after it, that claims and criteria contain."""
    text = " ".join(f"{c['claim']} {c['criterion']}" for c in claims)
    found = re.findall(r"(\d[\d,.]*\d|\d)\s?(%|[A-Za-z]+)?", text)
    # A number with thousands is told by itself; a smaller one by the word that follows.
    digits = [
        rf"\b{re.escape(n)}\s?{re.escape(u)}" if u and "," not in n else rf"\b{re.escape(n)}\b"
        for n, u in found
    ]
    megawatts = [f"{float(n) * 1000:,.0f}(?: MW)?" for n, u in found if u == "GW"]
    return digits + megawatts + [re.escape(m[0]) for m in _IN_WORDS.finditer(text)]


def find(text: str, claims: Iterable[dict[str, str]], line: int = 1) -> list[tuple[int, str]]:
    """Typed numbers in a text: (line, what stands there). `line` is that of the first."""
    for pattern in _NOT_PROSE:
        text = blank(pattern, text)
    spoken = spoken_by(claims)
    if spoken:
        text = blank(re.compile("|".join(spoken), re.I), text)
    text = blank(_ALLOWED, text)
    found = [*_NUMBER.finditer(text), *_IN_WORDS.finditer(text)]
    return sorted((line + text.count("\n", 0, m.start()), m[0].strip()) for m in found)
