"""The submission's page as a browser shows it, and its PDF as a reader finds it."""

import base64
import html
import io
import re
from datetime import UTC, datetime

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsers import DESK, PHONE, needs_browser
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from notebook_runs import NOTEBOOKS
from PIL import Image
from pypdf import PdfReader
from synthetic_run import AUTHOR

from mnist_helpers.commands.pages import Chapter, make_documents

pytestmark = pytest.mark.slow

CELLS = [cell for path in NOTEBOOKS for cell in nbformat.read(path, as_version=4).cells]
OUTPUTS = [output for cell in CELLS for output in cell.get("outputs", [])]
ALT_TEXTS = [
    output.metadata["image/png"]["alt"]
    for output in OUTPUTS
    if "image/png" in output.get("data", {})
]


@pytest.fixture
def show(browser):
    """Show a page; what it asks for and what goes wrong is in its ``troubles``."""

    def open_page(path, width=DESK, scheme="light"):
        size = {"width": width, "height": 844}
        page = browser.new_page(viewport=size, color_scheme=scheme)
        page.troubles = []
        page.on("requestfinished", lambda asked: page.troubles.append(asked.url[:30]))
        page.on("console", lambda message: page.troubles.append(message.text))
        page.goto(path.as_uri())
        return page

    return open_page


@needs_browser
@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "dark"), (DESK, "light")])
def test_the_page_fits_and_can_be_read_without_eyes(show, made, width, scheme):
    page = show(made / "submission.html", width, scheme)
    known = ("data:image/png", "file:")
    assert [each for each in page.troubles if not each.startswith(known)] == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    # Only Safari does not scroll by keyboard what has no focus.
    rules = {"scrollable-region-focusable": {"enabled": False}}
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"], "rules": rules})
    assert found.violations_count == 0, found.generate_report()
    ids = {rule["id"] for rule in found.response["passes"]}
    assert ids >= {"color-contrast", "image-alt", "html-has-lang"}


@needs_browser
def test_the_page_shows_all_of_the_notebooks(show, made):
    page = show(made / "submission.html")
    images = page.evaluate("[...document.images].map(i => [i.alt, i.naturalWidth])")
    assert [alt for alt, _width in images] == ALT_TEXTS
    assert min(width for _alt, width in images) > 300
    flat = re.sub(r"\s+", "", page.locator("main").inner_text())
    for cell in CELLS:
        if cell.cell_type == "code":
            assert re.sub(r"\s+", "", cell.source) in flat
    for output in OUTPUTS:
        data = output.get("data", {})
        texts = re.findall(r"<t[dh]>(.+?)</t", data.get("text/html", ""))
        if "text/html" not in data and "image/png" not in data:
            texts = [output.get("text") or data["text/plain"]]
        for text in texts:
            assert re.sub(r"\s+", "", html.unescape(text)) in flat


@needs_browser
def test_every_link_leads_somewhere(show, made):
    page = show(made / "submission.html")
    targets = page.evaluate(
        "[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))"
    )
    places = page.evaluate(
        "[...document.querySelectorAll('[id]')].map(e => '#' + e.id)"
    )
    assert len(places) == len(set(places))
    assert len(targets) > 42
    assert {each for each in targets if not each.startswith("https://")} <= set(places)


@needs_browser
def test_no_script_of_a_notebook_runs(show, tmp_path):
    hostile = "<div onclick='window.ran = 1'>Press<script>window.ran = 1</script></div>"
    cell = new_code_cell("1 < 2", outputs=[new_output("display_data")])
    cell.outputs[0].data = {"text/html": hostile}
    notebook = new_notebook(cells=[new_markdown_cell(f"# Title\n\n{hostile}"), cell])
    cover = {"title": "Title", "author": "", "student_id": ""}
    made = make_documents(cover, "", {"02": Chapter(notebook)}, datetime.now(UTC))
    (tmp_path / "page.html").write_bytes(made.page)
    shown = show(tmp_path / "page.html")
    for place in shown.get_by_text("Press").all():
        place.click()
    assert shown.evaluate("window.ran") is None


def test_own_pictures_and_headings_fit_in(tmp_path):
    stream = io.BytesIO()
    Image.new("L", (4, 4)).save(stream, "png")
    png = base64.b64encode(stream.getvalue()).decode()
    plot = new_output("display_data", {"image/png": png, "text/plain": "<Figure>"})
    text = new_markdown_cell(
        "# Title\n\n### Deeper\n\nInline $e^{-x}$.\n\n$$x^2$$\n\n"
        "![mine](attachment:a.png)\n\n![lost](photo.png)\n\n"
        '<IMG src="https://a.b/c.png" onerror="x()">\n\n'
        "[nowhere](#nowhere)\n\n##\n\n<svg><path d='M0 0'/></svg>"
    )
    text.attachments = {"a.png": {"image/png": png}}
    red = new_output("stream", text="\x1b[31mred\x1b[0m\x08\n")
    code = new_code_cell("plt.show()", outputs=[plot, red])
    notebook = new_notebook(cells=[text, code])
    cover = {"title": "Title", "author": "", "student_id": ""}
    made = make_documents(cover, "", {"02": Chapter(notebook)}, datetime.now(UTC))
    page = made.page.decode()
    images = re.findall(r"<img[^>]*>", page)
    assert [re.search('alt="(.*?)"', each)[1] for each in images] == [
        "mine",
        "a picture without a description",
    ]
    assert all('src="data:image/png' in each for each in images)
    for lost in ("lost", "https://a.b/c.png"):
        assert f"[a picture that cannot be shown here: {lost}]" in page
    assert "<h3" in page
    assert "<h4" not in page
    assert '<pre class="output"><code>red</code></pre>' in page
    assert made.note == ""
    assert len(PdfReader(io.BytesIO(made.pdf)).pages) > 1


def test_the_pdf_is_tagged_and_says_what_it_is(made):
    pdf = PdfReader(made / "submission.pdf")
    assert pdf.metadata.title == "MNIST in four notebooks"
    assert pdf.metadata.author == AUTHOR.name
    assert pdf.root_object["/Lang"].startswith("en")
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf.xmp_metadata.stream.get_data()
    first = pdf.pages[0].extract_text()
    assert AUTHOR.name in first
    assert AUTHOR.student_id in first
    assert "Marking sheet" in pdf.pages[2].extract_text()
    chapters = [entry.title for entry in pdf.outline if not isinstance(entry, list)]
    titles = [cell.source.splitlines()[0][2:] for cell in CELLS if cell.id == "title"]
    assert chapters == ["Marking sheet", *titles]
    objects = [pdf.get_object(number) for number in range(1, pdf.trailer["/Size"])]
    tags = [each for each in objects if isinstance(each, dict) and "/S" in each]
    alts = [tag["/Alt"] for tag in tags if tag["/S"] == "/Figure"]
    assert sorted(alts) == sorted(ALT_TEXTS)
