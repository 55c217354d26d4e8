"""Documents of executed notebooks: web pages and a PDF, each complete in itself.

Pandoc reads the notebooks' text, and writes HTML and Typst; Typst sets the PDF. What
pandoc's own reader of notebooks would lose is added here: the alt texts of figures, the
header cells of tables, and identifiers that are unique in a document of many notebooks.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pandas as pd
import pypandoc
import typst
from nbformat import NotebookNode

from mnist_helpers.commands.evidence import Evidence, ShownFigure

TEMPLATES = Path(__file__).parent / "templates"
PANDOC_API = [1, 23, 1]  # of pandoc's JSON
# Columns of text that fit a telephone, and those of the longest line of a table or a
# log. Outputs between the two scroll within their box; longer lines are sentences.
NARROW = 44
LINE = 88
# What a printed figure may take, in millimetres.
PRINTED_WIDTH = 166
PRINTED_HEIGHT = 110
# A pandoc element: a dictionary of its type "t" and its content "c".
Element = dict


@dataclass(frozen=True)
class Document:
    """What a page or a PDF is made from.

    Attributes
    ----------
    title : str
        In plain text.
    front : list of Element
        What comes before the table of contents.
    body : list of Element
        What comes after it. The title is its heading of level 1, so there is no other.
    figures : list of ShownFigure
        Those that the body shows.
    """

    title: str
    front: list[Element]
    body: list[Element]
    figures: list[ShownFigure]


def read_markdown(text: str) -> list[Element]:
    """Read Markdown with GitHub's tables.

    Parameters
    ----------
    text : str
        The Markdown.

    Returns
    -------
    list of Element
        Pandoc's blocks.
    """
    return [_with_header_cells(block) for block in _read(text, "gfm")]


def read_chapter(evidence: Evidence) -> list[Element]:
    """Read an executed notebook: its text, its code, and what the code put out.

    Parameters
    ----------
    evidence : Evidence
        The notebook.

    Returns
    -------
    list of Element
        Pandoc's blocks. The identifiers of headings begin with the notebook's number
        (``02-train``), as do those of code cells (``02-cell-fit``); figures are
        ``figure-2.1``.
    """
    figures = iter(evidence.figures)
    tables = iter(_read_html_outputs(evidence.notebook))
    blocks = []
    for cell, text in zip(
        evidence.notebook.cells, _read_cells(evidence.notebook), strict=True
    ):
        if cell.cell_type == "markdown":
            blocks += text
        elif cell.cell_type == "code":
            # Typst has no identifiers of code, but of what is around it.
            place = [evidence.anchor(cell.id), [], []]
            blocks.append({"t": "Div", "c": [place, [_code(cell.source, "python")]]})
            for output in _shown(cell):
                blocks += _read_output(output, figures, tables)
    blocks = _walk(blocks, lambda element: _identify(element, evidence))
    blocks = with_links(blocks, lambda address: _link_to_heading(address, evidence))
    return [_with_header_cells(block) for block in blocks]


def _read(text: str, form: str) -> list[Element]:
    return json.loads(pypandoc.convert_text(text, "json", format=form))["blocks"]


def _read_cells(notebook: NotebookNode) -> list[list[Element]]:
    """Let pandoc read the cells, of which it makes a division each."""
    without_outputs = nbformat.from_dict(notebook)
    for cell in without_outputs.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = []
    divisions = _read(nbformat.writes(without_outputs), "ipynb")
    return [division["c"][1] for division in divisions]


def _read_html_outputs(notebook: NotebookNode) -> list[list[Element]]:
    pages = [
        f"<div>{output.data['text/html']}</div>"
        for cell in notebook.cells
        for output in _shown(cell)
        if _kind(output) == "text/html"
    ]
    return [division["c"][1] for division in _read("\n".join(pages), "html")]


def _shown(cell: NotebookNode) -> list[NotebookNode]:
    """Leave out what stands below a figure as its alt text: documents have that."""
    return [
        output
        for output in cell.get("outputs", [])
        if "describes" not in output.get("metadata", {})
    ]


def _kind(output: NotebookNode) -> str:
    """Choose the form of an output that is shown."""
    data = output.get("data", {})
    kinds = ("image/png", "text/html", "text/markdown")
    return next((kind for kind in kinds if kind in data), "text")


def _read_output(output, figures, tables) -> list[Element]:
    match _kind(output):
        case "image/png":
            return [read_figure(next(figures))]
        case "text/html":
            return next(tables)
        case "text/markdown":
            # Its headings may be called as those of the notebook are.
            return _read(output.data["text/markdown"], "gfm-gfm_auto_identifiers")
        case _:
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            return [_code(text.rstrip("\n"), "output")]


def _code(text: str, kind: str) -> Element:
    longest = max(map(len, text.split("\n")))
    classes, attributes = [kind], []
    if kind == "output" and NARROW < longest <= LINE:
        # Its columns are kept; without a mouse, only what has focus can be scrolled.
        classes, attributes = [kind, "wide"], [["tabindex", "0"]]
    return {"t": "CodeBlock", "c": [["", classes, attributes], text]}


def read_figure(shown: ShownFigure) -> Element:
    """Lay out a figure with its alt text and a caption.

    Parameters
    ----------
    shown : ShownFigure
        The figure, which has to be among the document's.

    Returns
    -------
    Element
        A figure.
    """
    # A PNG begins with its width and height.
    size = {
        "width": str(int.from_bytes(shown.png[16:20], "big")),
        "height": str(int.from_bytes(shown.png[20:24], "big")),
    }
    attributes = ["", [], [["alt", shown.alt], *map(list, size.items())]]
    image = {
        "t": "Image",
        "c": [attributes, [_text(shown.alt)], [_figure_path(shown), ""]],
    }
    title = shown.name.partition("_")[2].replace("_", " ")
    caption = {"t": "Plain", "c": [_text(f"Figure {shown.number}: {title}")]}
    return {
        "t": "Figure",
        "c": [
            [shown.anchor, [], []],
            [None, [caption]],
            [{"t": "Plain", "c": [image]}],
        ],
    }


def _text(text: str) -> Element:
    return {"t": "Str", "c": text}


def _walk(element, change: Callable[[Element], Element]):
    """Rebuild a tree of elements with each of them changed, the innermost first."""
    if isinstance(element, list):
        return [_walk(each, change) for each in element]
    if isinstance(element, dict):
        return change({key: _walk(each, change) for key, each in element.items()})
    return element


def _identify(element: Element, evidence: Evidence) -> Element:
    """Give a heading an identifier that no other notebook has."""
    if element.get("t") != "Header":
        return element
    level, (identifier, classes, attributes), text = element["c"]
    if not identifier:
        return element
    identifier = evidence.name if level == 1 else f"{evidence.number}-{identifier}"
    return element | {"c": [level, [identifier, classes, attributes], text]}


def _link_to_heading(address: str, evidence: Evidence) -> str:
    """Turn a link to a heading of a notebook, as JupyterLab has them, into pandoc's."""
    if not address.startswith("#"):
        return address
    words = re.sub(r"[^\w.-]", "", unquote(address))
    return f"#{evidence.number}-{words.lower()}"


def _with_header_cells(block: Element) -> Element:
    return _walk(block, _mark_header_cells)


def _mark_header_cells(element: Element) -> Element:
    """Say of a table's header cells whether they head a column or a row."""
    if element.get("t") != "Table":
        return element
    _attributes, caption, columns, (_, head), bodies, foot = element["c"]
    left = {"t": "AlignLeft"}
    columns = [[left if a["t"] == "AlignDefault" else a, w] for a, w in columns]
    rows = [row[1] for row in head]
    # Pandas puts the name of the index in a second row of headings.
    if len(rows) == 2:
        rows = [[b if not a[4] else a for a, b in zip(*rows, strict=True)]]
    head = [["", [], []], [[["", [], []], _scoped(row, "col")] for row in rows]]
    bodies = [
        [
            body_attributes,
            1,
            [],
            [
                [["", [], []], [*_scoped(row[:1], "row"), *row[1:]]]
                for _row_attributes, row in body
            ],
        ]
        for body_attributes, _heads, _inner_head, body in bodies
    ]
    table = element | {"c": [["", [], []], caption, columns, head, bodies, foot]}
    scrolled = [["tabindex", "0"], ["role", "group"], ["aria-label", "Table"]]
    return {"t": "Div", "c": [["", ["table"], scrolled], [table]]}


def _scoped(cells: list, scope: str) -> list:
    return [
        [["", [], [["scope", scope]]], alignment, rows, columns, content]
        for _attributes, alignment, rows, columns, content in cells
    ]


def without_title(blocks: list[Element]) -> list[Element]:
    """Leave out the heading of level 1.

    Parameters
    ----------
    blocks : list of Element
        Of a chapter.

    Returns
    -------
    list of Element
        All others.
    """
    return [each for each in blocks if (each["t"], each["c"][:1]) != ("Header", [1])]


def shifted(blocks: list[Element], by: int) -> list[Element]:
    """Move headings to another level.

    Parameters
    ----------
    blocks : list of Element
        With headings.
    by : int
        How many levels down.

    Returns
    -------
    list of Element
        The same with other levels.
    """

    def shift(element: Element) -> Element:
        if element.get("t") == "Header":
            return element | {"c": [element["c"][0] + by, *element["c"][1:]]}
        return element

    return _walk(blocks, shift)


def with_links(
    blocks: list[Element], change: Callable[[str], str | None]
) -> list[Element]:
    """Let links lead elsewhere, or nowhere.

    Parameters
    ----------
    blocks : list of Element
        With links.
    change : callable
        Takes the address of a link and returns the new one; None leaves the text.

    Returns
    -------
    list of Element
        The same with other links.
    """

    def relink(element: Element) -> Element:
        if element.get("t") == "Link":
            attributes, text, (address, title) = element["c"]
            address = change(address)
            if address is None:
                return {"t": "Span", "c": [["", [], []], text]}
            return element | {"c": [attributes, text, [address, title]]}
        return element

    return _walk(blocks, relink)


def facts_table(facts: Mapping[str, str]) -> Element:
    """Lay out what is known of a document.

    Parameters
    ----------
    facts : mapping
        Term to text.

    Returns
    -------
    Element
        A table of two columns, of which the first heads the rows.
    """
    rows = [
        f"<tr><th>{escape(term)}</th><td>{escape(text)}</td></tr>"
        for term, text in facts.items()
    ]
    [table] = _read(f"<table>{''.join(rows)}</table>", "html")
    return _with_header_cells(table)


def data_table(table: pd.DataFrame) -> Element:
    """Lay out a table, whatever its cells hold.

    Parameters
    ----------
    table : DataFrame
        Its index is left out; the first column heads the rows.

    Returns
    -------
    Element
        A table with a row of headings.
    """
    head = "".join(f"<th>{escape(str(name))}</th>" for name in table.columns)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>"
        for row in table.itertuples(index=False)
    )
    text = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    [element] = _read(text, "html")
    return _with_header_cells(element)


def make_html(document: Document) -> bytes:
    """Make a web page that needs no other file and no network.

    Parameters
    ----------
    document : Document
        Its content.

    Returns
    -------
    bytes
        HTML in UTF-8.
    """
    with _figures_written(document) as folder:
        page = pypandoc.convert_text(
            _tree(document.title, document.front, document.body),
            "html5",
            format="json",
            extra_args=[
                *("--standalone", "--embed-resources", "--mathml"),
                *("--toc", "--toc-depth=3", f"--resource-path={folder}"),
                f"--template={TEMPLATES / 'page.html'}",
            ],
        )
    # The corner above the headings of the rows heads nothing.
    return re.sub("<th[^>]*></th>", "<td></td>", page).encode()


def make_pdf(document: Document, date: datetime, author: str) -> bytes:
    """Make a tagged PDF, which Typst checks against the rules of PDF/UA-1.

    Parameters
    ----------
    document : Document
        Its content.
    date : datetime
        Of the PDF: the same document and date give the same bytes.
    author : str
        For the PDF's properties; may be empty.

    Returns
    -------
    bytes
        The PDF.

    Raises
    ------
    typst.TypstError
        If it cannot be set by the rules, such as where no font has a letter.
    """
    literals = {
        "document-title": _literal(document.title),
        "document-author": _literal(author),
        "document-date": (
            f"datetime(year: {date.year}, month: {date.month}, day: {date.day})"
        ),
    }
    text = pypandoc.convert_text(
        # Typst sets the title apart, and its headings begin at level 1.
        _tree(
            document.title,
            document.front,
            _walk(shifted(document.body, -1), _set_figure),
            literals,
        ),
        "typst",
        format="json",
        extra_args=["--standalone", f"--template={TEMPLATES / 'print.typ'}"],
    )
    with _figures_written(document) as folder:
        shutil.copy(TEMPLATES / "code.tmTheme", folder)
        source = folder / "print.typ"
        source.write_text(text, encoding="utf-8")
        try:
            return _set_type(source, date, ignore_system_fonts=True)
        except typst.TypstError:
            # Typst's own fonts, the same everywhere, have not every script's letters.
            return _set_type(source, date, ignore_system_fonts=False)


def _set_type(source: Path, date: datetime, ignore_system_fonts: bool) -> bytes:
    compiler = typst.Compiler(
        source, root=source.parent, ignore_system_fonts=ignore_system_fonts
    )
    return compiler.compile(pdf_standards=["ua-1"], timestamp=int(date.timestamp()))


@contextmanager
def _figures_written(document: Document) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "figures").mkdir()
        for figure in document.figures:
            (folder / _figure_path(figure)).write_bytes(figure.png)
        yield folder


def _figure_path(figure: ShownFigure) -> str:
    return f"figures/{figure.name}.png"


def _tree(
    title: str,
    front: list[Element],
    body: list[Element],
    literals: dict[str, str] | None = None,
) -> str:
    """Put a document together as pandoc's JSON."""
    raw = {
        name: {"t": "MetaInlines", "c": [{"t": "RawInline", "c": ["typst", value]}]}
        for name, value in (literals or {}).items()
    }
    tree = {
        "pandoc-api-version": PANDOC_API,
        "meta": raw
        | {
            "title": {"t": "MetaInlines", "c": [_text(title)]},
            "front": {"t": "MetaBlocks", "c": front},
        },
        "blocks": body,
    }
    return json.dumps(tree)


def _set_figure(element: Element) -> Element:
    """Write a figure as Typst, because pandoc would leave out its alt text."""
    if element.get("t") != "Figure":
        return element
    (identifier, _classes, _rest), (_short, [caption]), [plain] = element["c"]
    [image] = plain["c"]
    (_identifier, _image_classes, attributes), _alt, (path, _title) = image["c"]
    shown = dict(attributes)
    proportion = int(shown["width"]) / int(shown["height"])
    width = min(PRINTED_WIDTH, PRINTED_HEIGHT * proportion)
    words = caption["c"][0]["c"]
    markup = (
        f"#figure(image({_literal(path)}, alt: {_literal(shown['alt'])}, "
        f"width: {width:.1f}mm), caption: {_literal(words)}) <{identifier}>"
    )
    return {"t": "RawBlock", "c": ["typst", markup]}


def _literal(text: str) -> str:
    """Write a string of Typst, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)
