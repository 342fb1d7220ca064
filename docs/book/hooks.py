"""Hooks for MkDocs: they add project files that pages link to, and translate GitHub's Markdown."""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

PROJECT = Path(__file__).parents[2]
LINK = re.compile(r"(?<=\]\()((?:\.\./)+)([^)#\s]+)")


def inside(page, up, path):
    """For a relative link to a project file outside docs/: the file and its path in the book. Else None."""
    target = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), up + path))
    if target.startswith("docs/") or not (PROJECT / target).is_file():
        return None
    # Markdown becomes a text file: as a page it would be missing from the navigation.
    return target, f"project/{target}" + (".txt" if target.endswith(".md") else "")


def on_files(files, config):
    places = {}
    for page in files.documentation_pages():
        for up, path in LINK.findall(Path(page.abs_src_path).read_text(encoding="utf-8")):
            if found := inside(page.src_uri, up, path):
                places[found[1]] = found[0]
    for place, target in places.items():
        files.append(File.generated(config, place, abs_src_path=str(PROJECT / target)))
    return files


def on_page_markdown(markdown, page, config, files):
    def link(match):
        found = inside(page.file.src_uri, *match.groups())
        return posixpath.relpath(found[1], posixpath.dirname(page.file.src_uri) or ".") if found else match.group(0)

    # GitHub allows words after a fence's language; MkDocs does not.
    markdown = re.sub(r"^(```\w+) .+$", r"\1", markdown, flags=re.MULTILINE)
    # In code in a table, GitHub needs a pipe as `\|`. MkDocs would show the backslash.
    lines = (line.replace("\\|", "|") if line.startswith("| ") and "`" in line else line for line in LINK.sub(link, markdown).split("\n"))
    return "\n".join(lines)
