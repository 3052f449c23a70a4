"""Says which texts of the source have no Chinese translation: `python -m runner.translations`.

`python -m runner.translations update` takes new texts of the source into the catalog and lists those to translate;
`compile` writes the catalog that the service reads.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

from runner.home import ROOT

LANGUAGE = "zh_Hans"
CATALOG = ROOT / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"
READ = {".py", ".html", ".txt"}
FOLDERS = ["accounts", "config", "core", "curation", "labeling", "modeling", "workers"]


def fresh_catalog() -> polib.POFile | None:
    """Return a catalog of every text marked in the source, untranslated; None where GNU gettext is not installed."""
    if not shutil.which("xgettext"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for path in (path for name in FOLDERS for path in (ROOT / name).rglob("*") if path.suffix in READ):
            target = copy / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        (copy / "locale").mkdir()
        options = ["--no-obsolete", "--no-wrap", "--add-location=file"]
        command = [sys.executable, "-m", "django", "makemessages", f"--locale={LANGUAGE}", *options]
        subprocess.run(command, cwd=copy, check=True, capture_output=True)
        fresh = copy / CATALOG.relative_to(ROOT)
        return polib.pofile(str(fresh), wrapwidth=200) if fresh.exists() else polib.POFile()


def update() -> None:
    """Take new texts into the catalog, drop those that are gone, keep every translation, and compile."""
    fresh = fresh_catalog()
    if fresh is None:
        sys.exit("This needs GNU gettext (xgettext). Install it with your system's packages.")
    known = {(entry.msgid, entry.msgctxt): entry for entry in polib.pofile(str(CATALOG))}
    for entry in fresh:
        entry.flags = [flag for flag in entry.flags if flag != "fuzzy"]
        entry.comment = entry.tcomment = ""
        entry.occurrences = sorted({(path, "") for path, _line in entry.occurrences})
        before = known.get((entry.msgid, entry.msgctxt))
        text = (before.msgstr or before.msgstr_plural.get(0, "")) if before else ""
        entry.msgstr, entry.msgstr_plural = ("", {0: text}) if entry.msgid_plural else (text, {})
    fresh.metadata = {
        "Project-Id-Version": "Assay",
        "Language": LANGUAGE,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=1; plural=0;",
    }
    fresh.header = "Simplified Chinese."
    fresh.sort(key=lambda entry: entry.msgid)
    fresh.save(str(CATALOG))
    fresh.save_as_mofile(str(CATALOG.with_suffix(".mo")))


def problems_of_catalog(catalog: polib.POFile, texts: set[str] | None) -> list[str]:
    """Return a line for each text that is untranslated, uncertain, or not in the catalog at all."""
    bad = [entry for entry in catalog if not entry.obsolete and (not entry.translated() or "fuzzy" in entry.flags)]
    lines = [f"line {entry.linenum}: {entry.msgid!r} is not translated" for entry in bad]
    known = {entry.msgid for entry in catalog if not entry.obsolete}
    return lines + [f"{text!r} is in the source and not in the catalog" for text in sorted((texts or set()) - known)]


def compiled_is_current(catalog: polib.POFile) -> bool:
    """Tell whether the compiled catalog, which the service reads, holds the same translations."""
    compiled = CATALOG.with_suffix(".mo")
    if not compiled.exists():
        return False
    have = {entry.msgid: (entry.msgstr, entry.msgstr_plural) for entry in polib.mofile(str(compiled))}
    return have == {entry.msgid: (entry.msgstr, entry.msgstr_plural) for entry in catalog.translated_entries()}


def main() -> int:
    """Check the catalog and return the exit code."""
    if not CATALOG.exists():
        print(f"{CATALOG.relative_to(ROOT)} is missing")
        return 1
    catalog = polib.pofile(str(CATALOG))
    fresh = fresh_catalog()
    texts = {entry.msgid for entry in fresh} if fresh is not None else None
    if texts is None:
        print("GNU gettext is not installed, so new texts in the source were not looked for")
    problems = problems_of_catalog(catalog, texts)
    if not compiled_is_current(catalog):
        problems.append("the compiled catalog is old: write it anew with python -m runner.translations compile")
    print("\n".join(f"{CATALOG.relative_to(ROOT)}: {line}" for line in problems) or "every text is translated")
    return 1 if problems else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["update"]:
        update()
    if sys.argv[1:] == ["compile"]:
        polib.pofile(str(CATALOG)).save_as_mofile(str(CATALOG.with_suffix(".mo")))
    sys.exit(main())
