"""No page runs what isn't the site's: the policy in each head, and what a browser makes of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import turbohtml
from visit import FILES, SITE, Visit

from aifactory.publish import policy

DATA = ("application/ld+json", "application/json")  # scripts that are read, and never run
ATTACK = """async () => {
  window.ran = [];
  const article = document.querySelector("article, main");
  const script = document.createElement("script");
  script.textContent = "ran.push('script')";
  article.append(script);
  article.insertAdjacentHTML("beforeend", `<img src="data:," onerror="ran.push('handler')">
    <a id="bad" href="javascript:ran.push('address')">x</a><svg onload="ran.push('svg')"></svg>
    <iframe srcdoc="<script>parent.ran.push('frame')</scr` + `ipt>"></iframe>
    <base href="https://example.org/">`);
  document.getElementById("bad").click();
  // A debugger's own call may evaluate; what runs after it may not.
  setTimeout(() => {
    try { eval("ran.push('eval')"); } catch { /* forbidden */ }
    try { new Function("ran.push('Function')")(); } catch { /* forbidden */ }
  });
  setTimeout("ran.push('timer')");
  const asked = await fetch("https://example.org/").then(() => true, () => false);
  await new Promise((done) => setTimeout(done, 300));
  return { ran, asked, moved: document.baseURI.startsWith("https://example.org") };
}"""


def faults(text: str) -> Iterator[str]:
    """Where the head and the scripts of a page are not as the policy wants them."""
    elements = list(turbohtml.parse(text).iter_elements())
    policies = [e for e in elements if e.attrs.get("http-equiv") == "Content-Security-Policy"]
    if [e.attrs["content"] for e in policies] != [policy.policy()]:
        yield f"{len(policies)} policies, or another one"
        return
    active = {"script", "style"} | {"link" for e in elements if e.attrs.get("rel") == "stylesheet"}
    before = elements[: elements.index(policies[0])]
    if any(e.tag in active for e in before) or policies[0].parent.tag != "head":
        yield "something stands before the policy"
    for element in elements:
        attributes = element.attrs
        inline = element.tag == "script" and "src" not in attributes
        if inline and attributes.get("type") not in DATA and element.text != policy.SCRIPT:
            yield f"a script of its own: {element.text[:60]}"
        yield from (f"<{element.tag} {name}>" for name in attributes if name.startswith("on"))
        for name in ("href", "src", "action"):
            if str(attributes.get(name, "")).strip().lower().startswith(("javascript:", "data:")):
                yield f"<{element.tag} {name}> leads to code"


GOOD = f"<!doctype html><html><head>{policy.guard()}</head><body></body></html>"


def good(body: str) -> str:
    """A page with the policy, and a body."""
    return GOOD.replace("<body>", f"<body>{body}")


@pytest.mark.parametrize(
    "text",
    [
        "<!doctype html><title>x</title>",
        GOOD.replace("'none'", "*", 1),
        GOOD.replace("<head>", "<head><script src='x.js'></script>"),
        GOOD.replace("<meta", "</head><body><meta"),
        good("<script>x()</script>"),
        good('<p onclick="x()">x</p>'),
        good('<a href=" JavaScript:x()">x</a>'),
    ],
)
def test_a_fault_is_found(text):
    assert list(faults(text))
    assert not list(faults(good('<script type="application/ld+json">{}</script>')))


def test_every_page_has_the_policy_and_no_script_of_its_own():
    found = {file: list(faults((SITE / file).read_text(encoding="utf-8"))) for file in FILES}
    assert {file: wrong for file, wrong in found.items() if wrong} == {}


def test_the_policy_allows_neither_evaluation_nor_another_host():
    allowed = dict(part.split(" ", 1) for part in policy.policy().split("; "))
    assert allowed["default-src"] == allowed["base-uri"] == allowed["object-src"] == "'none'"
    assert "unsafe" not in allowed["script-src"]
    words = {word for sources in allowed.values() for word in sources.split()}
    hashes = {word for word in words if word.startswith("'sha256-")}
    assert hashes == {policy.digest(policy.SCRIPT)}
    assert words - hashes == {"'none'", "'self'", "'unsafe-inline'", "data:", "file:"}


def refused(visit: Visit) -> list[str]:
    """What a page complains of that the policy forbade."""
    return [told for told in visit.complaints if "Content Security Policy" in told]


@pytest.fixture(params=["server", "disk"])
def place(request, base, site):
    """Where the site is opened: by its address, and as files."""
    return base if request.param == "server" else f"{site.as_uri()}/"


def test_nothing_foreign_runs(browser, place):
    with Visit(browser, place) as visit:
        page = visit.go("claims/power-built.html")
        assert visit.complaints == []
        assert page.evaluate("document.documentElement.classList.contains('js')")
        assert page.evaluate(ATTACK) == {"ran": [], "asked": False, "moved": False}
        assert refused(visit)


def test_pages_work_under_the_policy(browser, place):
    with Visit(browser, place) as visit:
        page = visit.go("notebooks/factory.html")
        assert visit.read_through() > 0
        changed = page.evaluate("""async () => {
          const all = (what) => [...document.querySelectorAll(what)];
          const told = () => all(".chart-live").map((e) => e.textContent).join();
          const before = told(), slider = all(".chart-controls input[type=range]")[0];
          slider.value = slider.value === slider.max ? slider.min : slider.max;
          slider.dispatchEvent(new Event("input", { bubbles: true }));
          await new Promise((done) => setTimeout(done, 400));
          return before !== told();
        }""")
        assert changed
        page.locator("article a.cite").first.click()
        page.locator("dialog[open]").wait_for()
        assert refused(visit) == []
        page.goto(place + "search.html?q=transformer")
        page.locator("#search-results li").first.wait_for()
        page.locator("#found li").first.wait_for()
        assert refused(visit) == []
