"""Executed notebooks as one web page and one PDF, each complete in itself.

Pandoc reads each notebook's Markdown, code and outputs, writes the page, and writes the
markup from which Typst sets the PDF.
"""

import base64
import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape, unescape
from pathlib import Path
from urllib.parse import quote

import pypandoc
import typst
from nbformat import NotebookNode

# The kinds of pictures that a page and a PDF can both show.
PICTURES = {"image/png", "image/jpeg"}
LONGEST_PATH = 60
FOLDED = re.IGNORECASE | re.DOTALL
FIGURES = "figures"
TEMPLATES = Path(__file__).parent / "templates"
# The pandoc of these requirements, not whichever is newest on this machine.
[PANDOC] = Path(pypandoc.__file__).parent.glob("files/pandoc*")
os.environ["PYPANDOC_PANDOC"] = str(PANDOC)


@dataclass(frozen=True)
class Picture:
    """A picture of a page, and what it shows."""

    content: bytes
    alt: str


@dataclass(frozen=True)
class Documents:
    """A page, in UTF-8, and a PDF; or why it is not by the rules of PDF/UA-1."""

    page: bytes
    pdf: bytes
    note: str = ""


@dataclass(frozen=True)
class Chapter:
    """A notebook, and the places of the cells that something links to, from 0."""

    notebook: NotebookNode
    linked: frozenset[int] = frozenset()


def _write_chapter(
    prefix: str, number: int, chapter: Chapter, pictures: dict[str, Picture]
) -> str:
    """Write a notebook as HTML, and collect its pictures by the path of each.

    Identifiers begin with the prefix: that of the cell with the tag ``item-network`` is
    ``02-item-network``, that of the first cell, if it is linked, ``02-cell-0``.
    """
    blocks: list[str] = []
    for place, cell in enumerate(chapter.notebook.cells):
        names = [tag for tag in cell.metadata.get("tags", []) if "item-" in tag]
        names += [f"cell-{place}"] if place in chapter.linked else []
        blocks += [f'<div id="{prefix}-{name}"></div>' for name in names]
        if cell.cell_type == "markdown":
            blocks.append(_write_text(cell))
        elif cell.cell_type == "code":
            blocks.append(_preformatted("python", cell.source))
            for output in cell.outputs:
                blocks.append(_write_output(output, f"{number}.", pictures))
    options = (f"--id-prefix={prefix}-", "--mathml", "--syntax-highlighting=none")
    written = pypandoc.convert_text(
        "\n\n".join(blocks), "html5", format="gfm", extra_args=options
    )
    # Other files are chapters of this document, or are not handed in.
    written = re.sub(
        r'<a\s+href="[^"]*\.(?:ipynb|md)[^"]*">(.*?)</a>', r"\1", written, flags=re.S
    )
    return _close_gaps(_take_pictures(written, prefix, pictures))


def _write_text(cell: NotebookNode) -> str:
    """Write a text cell as Markdown, with what is attached to it in place."""
    # JupyterLab's links to headings keep capitals, pandoc's identifiers do not.
    text = re.sub(r"\]\(#.*?\)", lambda found: found[0].lower(), cell.source)
    for name, forms in cell.get("attachments", {}).items():
        for kind, encoded in forms.items():
            for written in {name, quote(name)}:
                picture = f"data:{kind};base64,{encoded}"
                text = text.replace(f"attachment:{written}", picture)
    return text


def _write_output(
    output: NotebookNode, prefix: str, pictures: dict[str, Picture]
) -> str:
    data, metadata = output.get("data", {}), output.get("metadata", {})
    if "describes" in metadata:
        return ""  # what a figure's alt text says too
    for kind in PICTURES & data.keys():
        described = metadata.get(kind, {})
        earlier = sum(path.startswith(f"{FIGURES}/{prefix}") for path in pictures)
        number = f"{prefix}{earlier + 1}"
        title = described.get("name", "").partition("_")[2].replace("_", " ")
        path = _keep(number, kind, data[kind], described.get("alt", ""), pictures)
        caption = escape(f"Figure {number}{title and ': '}{title}")
        return f'<figure><img src="{path}"><figcaption>{caption}</figcaption></figure>'
    if "text/html" in data:
        # A blank line would end the HTML block.
        return re.sub(r"\n\s*\n", "\n", f"<div>{data['text/html']}</div>")
    if "text/markdown" in data:
        return data["text/markdown"]
    return _preformatted("output", output.get("text") or data.get("text/plain", ""))


def _keep(
    name: str, kind: str, encoded: str, alt: str, pictures: dict[str, Picture]
) -> str:
    """Add a picture, and return its path."""
    path = f"{FIGURES}/{name}.{kind.rpartition('/')[2]}"
    description = alt.strip() or "a picture without a description"
    pictures[path] = Picture(base64.b64decode(encoded), description)
    return path


def _take_pictures(chapter: str, prefix: str, pictures: dict[str, Picture]) -> str:
    """Give each picture a path and alt text; of one that is elsewhere, say so."""

    def take(found: re.Match) -> str:
        attributes = re.findall(r"""\b(src|alt)=(["'])(.*?)\2""", found[0], FOLDED)
        texts = {name.lower(): unescape(text) for name, _quote, text in attributes}
        path, alt = texts.get("src", ""), texts.get("alt", "")
        kind, _, encoded = path.removeprefix("data:").partition(";base64,")
        if kind in PICTURES:
            path = _keep(f"{prefix}-{len(pictures)}", kind, encoded, alt, pictures)
        if path not in pictures:
            named = escape(alt or path[:LONGEST_PATH])
            return f"<em>[a picture that cannot be shown here: {named}]</em>"
        return f'<img src="{path}" alt="{escape(pictures[path].alt)}">'

    chapter = re.sub(r"<svg\b.*?</svg>", "<img>", chapter, flags=FOLDED)
    return re.sub(r"<img\b[^>]*>", take, chapter, flags=FOLDED)


def _close_gaps(chapter: str) -> str:
    """Let no heading be more than one level below the one before, as PDF/UA asks."""
    level = 0

    def close(found: re.Match) -> str:
        nonlocal level
        if not re.sub("<.*?>", "", found[2].partition(">")[2]).strip():
            return ""  # nor may one be empty
        level = min(int(found[1]), level + 1)
        return f"<h{level}{found[2]}</h{level}>"

    return re.sub(r"<h([1-6])(\b.*?)</h\1>", close, chapter, flags=re.S)


def _preformatted(kind: str, text: str) -> str:
    # Colours of a terminal, and what no font can show.
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.rstrip())
    shown = "".join(each for each in plain if each.isprintable() or each in "\n\t")
    return f'<pre class="{kind}"><code>{escape(shown)}</code></pre>'


def _unlink(body: str) -> str:
    """Keep no link to a place that is not there."""
    places = set(re.findall(r'\bid="([^"]*)"', body))

    def unlink(found: re.Match) -> str:
        return found[0] if unescape(found[1]) in places else found[2]

    return re.sub(
        r'<a\s[^>]*?href="#([^"]*)"[^>]*>(.*?)</a>', unlink, body, flags=FOLDED
    )


def make_documents(
    cover: Mapping[str, str],
    front: str,
    chapters: Mapping[str, Chapter],
    date: datetime,
) -> Documents:
    """Make a web page and a PDF.

    Parameters
    ----------
    cover : mapping
        The ``title``, ``author`` and ``student_id`` of the title page.
    front : str
        HTML that comes before the notebooks.
    chapters : mapping
        What the identifiers of a chapter begin with, such as ``02``, to the chapter.
    date : datetime
        The date of the PDF.

    Raises
    ------
    typst.TypstError
        If no PDF can be set.
    """
    pictures: dict[str, Picture] = {}
    written = [
        _write_chapter(prefix, number, chapter, pictures)
        for number, (prefix, chapter) in enumerate(chapters.items(), start=1)
    ]
    body = _unlink("\n".join([front, *written]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / FIGURES).mkdir()
        for path, picture in pictures.items():
            (folder / path).write_bytes(picture.content)
        page = _convert(
            body,
            "html5",
            "page.html",
            *("--embed-resources", f"--resource-path={folder}", "--mathml"),
            *("--toc", "--toc-depth=2", "--shift-heading-level-by=1"),
            *("--metadata", f"title={cover['title']}"),
        )
        markup = _convert(body, "typst", "print.typ", "--syntax-highlighting=idiomatic")
        # Pandoc leaves alt texts out; the escapes of JSON are those of Typst.
        for path, picture in pictures.items():
            described = f'("{path}", alt: {json.dumps(picture.alt, ensure_ascii=False)}'
            markup = markup.replace(f'("{path}"', described)
        source = folder / "print.typ"
        source.write_text(markup, encoding="utf-8")
        settings = {
            "root": folder,
            "timestamp": int(date.timestamp()),
            "sys_inputs": dict(cover),
        }
        note = ""
        try:
            pdf = typst.compile(source, pdf_standards=["ua-1"], **settings)
        except typst.TypstError as error:
            # Somebody's own text, such as in a script that no font here has.
            note, pdf = str(error), typst.compile(source, **settings)
    return Documents(page.encode(), pdf, note)


def _convert(body: str, form: str, template: str, *options: str) -> str:
    return pypandoc.convert_text(
        body,
        form,
        format="html",
        extra_args=[
            *("--standalone", "--wrap=none", f"--template={TEMPLATES / template}"),
            *options,
        ],
    )
