"""Executed notebooks as one web page and one PDF, each complete in itself.

Pandoc reads each notebook's Markdown, code and outputs, writes the page, and writes the
markup from which Typst sets the PDF.
"""

import json
import os
import re
import tempfile
from collections.abc import Mapping
from datetime import datetime
from html import escape
from pathlib import Path

import pypandoc
import typst
from nbformat import NotebookNode

from mnist_helpers.commands.work import Work

TEMPLATES = Path(__file__).parent / "templates"
# The pandoc of these requirements, not whichever is newest on this machine.
[PANDOC] = Path(pypandoc.__file__).parent.glob("files/pandoc*")
os.environ["PYPANDOC_PANDOC"] = str(PANDOC)


def _write_chapter(work: Work) -> str:
    """Write a notebook as HTML: its text, its code and its outputs.

    Identifiers begin with the notebook's number: that of the cell with the tag
    ``item-network`` is ``02-item-network``.
    """
    blocks = []
    for cell in work.notebook.cells:
        if cell.cell_type == "markdown":
            # JupyterLab's links to headings keep capitals, pandoc's identifiers do not.
            blocks.append(re.sub(r"\]\(#.*?\)", lambda m: m[0].lower(), cell.source))
        elif cell.cell_type == "code":
            items = [tag for tag in cell.metadata.get("tags", []) if "item-" in tag]
            blocks += [f'<div id="{work.number}-{item}"></div>' for item in items]
            blocks.append(_preformatted("python", cell.source))
            blocks += [_write_output(output, work) for output in cell.outputs]
    options = (f"--id-prefix={work.number}-", "--mathml", "--syntax-highlighting=none")
    chapter = pypandoc.convert_text(
        "\n\n".join(blocks), "html5", format="gfm", extra_args=options
    )
    # Other notebooks are chapters of this document, or are not handed in.
    return re.sub(
        r'<a\s+href="[^"]*\.ipynb[^"]*">(.*?)</a>', r"\1", chapter, flags=re.S
    )


def _write_output(output: NotebookNode, work: Work) -> str:
    data, metadata = output.get("data", {}), output.get("metadata", {})
    if "describes" in metadata:
        return ""  # what a figure's alt text says too
    if "image/png" in data:
        name = metadata["image/png"]["name"]
        path, figures = f"figures/{name}.png", work.figures()
        number = f"{int(work.number)}.{[*figures].index(path) + 1}"
        title = name.partition("_")[2].replace("_", " ")
        return (
            f'<figure><img src="{path}" alt="{escape(figures[path])}">'
            f"<figcaption>Figure {number}: {title}</figcaption></figure>"
        )
    if "text/html" in data:
        # A blank line would end the HTML block.
        return re.sub(r"\n\s*\n", "\n", f"<div>{data['text/html']}</div>")
    if "text/markdown" in data:
        return data["text/markdown"]
    return _preformatted("output", output.get("text") or data.get("text/plain", ""))


def _preformatted(kind: str, text: str) -> str:
    return f'<pre class="{kind}"><code>{escape(text.rstrip())}</code></pre>'


def make_documents(
    cover: Mapping[str, str],
    front: str,
    work: Mapping[str, Work],
    files: Mapping[str, bytes],
    date: datetime,
) -> tuple[bytes, bytes]:
    """Make a web page and a PDF.

    Parameters
    ----------
    cover : mapping
        The ``title``, ``author`` and ``student_id`` of the title page.
    front : str
        HTML that comes before the notebooks.
    work : mapping
        Name of a notebook to its work.
    files : mapping
        Path to content, of the figures among others.
    date : datetime
        The date of the PDF.

    Returns
    -------
    tuple of bytes
        The page, in UTF-8, and the PDF, tagged by the rules of PDF/UA-1.

    Raises
    ------
    typst.TypstError
        If the PDF cannot be set by these rules, such as where a heading skips a level.
    """
    body = "\n".join([front, *map(_write_chapter, work.values())])
    figures = {p: alt for one in work.values() for p, alt in one.figures().items()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "figures").mkdir()
        for path in figures:
            (folder / path).write_bytes(files[path])
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
        for path, alt in figures.items():
            described = f'("{path}", alt: {json.dumps(alt, ensure_ascii=False)}'
            markup = markup.replace(f'("{path}"', described)
        source = folder / "print.typ"
        source.write_text(markup, encoding="utf-8")
        pdf = typst.compile(
            source,
            root=folder,
            pdf_standards=["ua-1"],
            timestamp=int(date.timestamp()),
            sys_inputs=dict(cover),
        )
    return page.encode(), pdf


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
