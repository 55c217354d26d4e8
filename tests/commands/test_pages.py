"""The submission's pages as a browser shows them, and its PDF as a reader finds it."""

import html
import io
import re
from collections import Counter

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsers import DESK, PHONE, needs_browser
from notebook_runs import NOTEBOOKS, ROOT
from playwright.sync_api import Browser, Page
from pypdf import PdfReader
from pypdf.generic import DictionaryObject
from synthetic_run import AUTHOR, make_submission_once

from mnist_helpers.commands import evidence

pytestmark = pytest.mark.slow

PAGES = ("submission.html", *(f"html/{path.stem}.html" for path in NOTEBOOKS))


def shown_figures() -> list[str]:
    """List the alt texts of the committed notebooks' figures."""
    return [
        output.metadata["image/png"]["alt"]
        for path in NOTEBOOKS
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    _run, output = make_submission_once(tmp_path_factory)
    return output / "unpacked" / "mnist-submission"


# The pages.


@pytest.fixture
def show(browser: Browser, made):
    """Show a page; what goes wrong meanwhile is noted in its ``troubles``."""
    contexts = []

    def open_page(name: str, width: int = DESK, scheme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 844}, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.troubles = []
        address = (made / name).as_uri()

        def note_request(request):
            if request.url != address and not request.url.startswith("data:"):
                page.troubles.append(f"asked for {request.url}")

        page.on("request", note_request)
        page.on("console", lambda message: page.troubles.append(message.text))
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()


def each_page(names=PAGES):
    return pytest.mark.parametrize("name", names)


@needs_browser
@each_page()
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_page_needs_nothing_else_and_fits(show, name, width):
    page = show(name, width)
    assert page.troubles == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    # What is wider than the page scrolls within itself, by keyboard too.
    unreachable = page.evaluate(
        """[...document.querySelectorAll("main *")].filter(
            element => element.scrollWidth > element.clientWidth + 1
                && getComputedStyle(element).overflowX === "auto"
                && element.tabIndex < 0
        ).map(element => element.textContent)"""
    )
    assert unreachable == []


@needs_browser
@each_page()
def test_every_figure_is_drawn_and_described(show, name):
    page = show(name)
    images = page.evaluate(
        """[...document.images].map(
            image => [image.alt, image.naturalWidth, image.width, image.height]
        )"""
    )
    number = re.search(r"0\d", name)
    expected = shown_figures()
    if number:
        counts = Counter(path.name[:2] for path in (ROOT / "figures").glob("0*.png"))
        assert len(images) == counts[number[0]]
    else:
        assert [alt for alt, *_sizes in images] == expected
    for alt, natural_width, width, height in images:
        assert alt in expected
        assert natural_width > 300
        assert width > 300
        assert height > 50


@needs_browser
@each_page(("submission.html", "html/03_wide_mlp.html"))
def test_axe_finds_nothing_to_mend(show, name):
    found = Axe().run(show(name))
    assert found.violations_count == 0, found.generate_report()
    ids = {rule["id"] for rule in found.response["passes"]}
    assert ids >= {"color-contrast", "image-alt", "heading-order", "html-has-lang"}


@needs_browser
def test_the_dark_page_has_contrast_enough(show):
    # All of the pages' colours are in this one, and it is short.
    page = show("html/02_small_mlp.html", scheme="dark")
    found = Axe().run(page, options={"runOnly": ["color-contrast"]})
    assert found.violations_count == 0, found.generate_report()
    [passed] = found.response["passes"]
    assert len(passed["nodes"]) > 100


@needs_browser
def test_the_skip_link_leads_past_the_contents(show):
    page = show("submission.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "MAIN"


@needs_browser
@each_page()
def test_every_link_leads_somewhere(show, made, name):
    page = show(name)
    targets = page.evaluate(
        """[...document.querySelectorAll("a")].map(a => a.getAttribute("href"))"""
    )
    assert len(targets) > 10
    identifiers = page.evaluate(
        """[...document.querySelectorAll("[id]")].map(e => e.id)"""
    )
    assert len(identifiers) == len(set(identifiers))
    for target in set(targets):
        file, _hash, place = target.partition("#")
        if file.startswith("https://"):
            continue
        if file:
            assert (made / name).parent.joinpath(file).exists(), target
        else:
            assert place in identifiers, target


@needs_browser
def test_the_colours_follow_the_reader(show):
    background = "getComputedStyle(document.body).backgroundColor"
    light = show("submission.html", scheme="light").evaluate(background)
    dark = show("submission.html", scheme="dark").evaluate(background)
    assert light == "rgb(255, 255, 255)"
    assert dark != light


@needs_browser
def test_every_output_of_the_notebooks_is_there(show):
    text = show("submission.html").locator("main").inner_text()
    flat = re.sub(r"\s+", " ", text)
    assert "Description of the figure" not in flat
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                assert re.sub(r"\s+", " ", cell.source) in flat
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                # Images have the alt text that the description below them repeats.
                if "image/png" in data or "describes" in output.get("metadata", {}):
                    continue
                if "text/html" in data:
                    for words in re.findall(r"<t[dh]>(.+?)</t", data["text/html"]):
                        assert html.unescape(words) in flat
                elif "text/markdown" in data:
                    for words in re.findall(r"[\w.,]+", data["text/markdown"]):
                        assert words in flat
                else:
                    plain = output.get("text") or data["text/plain"]
                    assert re.sub(r"\s+", " ", plain).strip() in flat


# The PDF.


@pytest.fixture(scope="module")
def pdf(made):
    return PdfReader(io.BytesIO((made / "submission.pdf").read_bytes()))


@pytest.fixture(scope="module")
def tags(pdf) -> list[DictionaryObject]:
    found = []

    def walk(element):
        element = element.get_object()
        if isinstance(element, list):
            for each in element:
                walk(each)
        elif isinstance(element, DictionaryObject) and "/S" in element:
            found.append(element)
            walk(element.get("/K", []))

    walk(pdf.root_object["/StructTreeRoot"]["/K"])
    return found


def test_the_pdf_says_what_it_is(pdf):
    assert pdf.metadata.title == "MNIST in four notebooks"
    assert pdf.metadata.author == AUTHOR.name
    assert pdf.metadata.creation_date.year == 2026
    assert pdf.root_object["/Lang"].startswith("en")
    assert pdf.root_object["/MarkInfo"]["/Marked"]
    assert pdf.root_object["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf.xmp_metadata.stream.get_data()


def test_the_title_page_says_who_when_and_with_what(pdf):
    text = pdf.pages[0].extract_text()
    for words in (
        *(
            AUTHOR.name,
            AUTHOR.student_id,
            "2026-03-04 04:05 UTC",
            "MNIST, SHA-256 b2d8",
        ),
        *("tensorflow 2.", "12 of 12", "15 of 15", "11 of 11", "20"),
    ):
        assert words in text


def test_every_page_is_numbered(pdf):
    count = len(pdf.pages)
    assert 20 < count < 80
    # To read the text of a page takes a while, so a few stand for all.
    for number in (2, count // 2, count):
        assert f"{number} / {count}" in pdf.pages[number - 1].extract_text()


def test_the_outline_has_every_chapter_and_section(pdf):
    titles = []

    def walk(entries, level):
        for entry in entries:
            if isinstance(entry, list):
                walk(entry, level + 1)
            else:
                titles.append((level, entry.title))

    walk(pdf.outline, 1)
    expected = []
    for path in NOTEBOOKS:
        cells = nbformat.read(path, as_version=4).cells
        expected += evidence.headings(cells)
    assert [each for each in titles if each in expected] == expected
    assert (1, "Marking sheet") in titles


def test_the_marking_sheet_is_in_the_pdf(pdf):
    text = "".join(page.extract_text() for page in pdf.pages[2:6])
    for words in ("6,370", "101,770", "225,034", "Confusion matrix", "(20 marks)"):
        assert words in text


def test_the_pdf_is_tagged_and_its_figures_are_described(tags):
    kinds = Counter(tag["/S"] for tag in tags)
    alts = [tag["/Alt"] for tag in tags if tag["/S"] == "/Figure"]
    assert alts == shown_figures()
    assert kinds["/H1"] >= 1 + len(NOTEBOOKS)
    assert kinds["/TH"] > 50
    assert kinds["/Code"] > 100
    assert kinds["/Link"] > 40


def test_every_figure_is_in_the_pdf(pdf):
    # Each page repeats the images of all, so they are counted by their object.
    images = {
        reference.idnum
        for page in pdf.pages
        for reference in page["/Resources"].get("/XObject", {}).values()
        for reference in [reference.indirect_reference]
        if reference.get_object()["/Subtype"] == "/Image"
    }
    assert len(images) >= len(shown_figures())
