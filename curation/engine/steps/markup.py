"""Takes markup out of text."""

import html
import re
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.folding import as_text
from curation.engine.steps.base import Context, Outcome, Step, replace

MODES = ("html", "entities")
# Elements that begin a line of their own (HTML Living Standard, section 15.3), and those that end a cell of a table.
BLOCK = frozenset(
    """
    address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption
    figure footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li listing main menu nav ol optgroup
    option p plaintext pre search section select summary table tbody tfoot thead title tr ul xmp
    """.split()  # noqa: SIM905
)
CELL = frozenset(("td", "th"))
INLINE = frozenset(
    """
    a abbr acronym area audio b base basefont bdi bdo big button canvas cite code col colgroup data datalist del dfn
    em embed font frame frameset i iframe img input ins kbd label link map mark math meta meter nobr noframes
    noscript object output param path picture progress q rp rt ruby s samp slot small source span strike strong sub
    sup svg textarea time track tt u var video wbr
    """.split()  # noqa: SIM905
)
# Elements whose content is no text.
SILENT = ("script", "style", "template")
# Attributes that may stand without a value.
BOOLEAN = frozenset(
    """
    allowfullscreen async autofocus autoplay checked compact controls default defer disabled formnovalidate hidden
    inert ismap itemscope loop multiple muted nomodule noshade novalidate nowrap open playsinline readonly required
    reversed selected
    """.split()  # noqa: SIM905
)
# Every repetition is possessive, and no "<" is passed outside of quotes, so that a text is scanned at most three times
# over: once for each state (outside of quotes, in single ones, in double ones) that an earlier attempt may be in.
_NAME, _VALUE = r"""[^\s"'<>/=]++""", r"""\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'=<>`]++)"""
_TAG = re.compile(rf"<(/?)([A-Za-z][A-Za-z0-9:_.-]*+)((?:[\s/]++{_NAME}(?:{_VALUE})?+)*+)[\s/]*+>")
_ATTRIBUTES = re.compile(rf"[\s/]++({_NAME})({_VALUE})?+")
_CLOSING = re.compile(r"</([A-Za-z][A-Za-z0-9:_.-]*+)\s*+>")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# The look behind keeps a long run of blanks from being tried at each of its blanks.
_BREAKS = re.compile(r"(?<![^\S\n])[^\S\n]*+\n\s*+")


@dataclass(frozen=True, slots=True)
class StripMarkup(Step):
    """Removes HTML and XML tags and turns character references into the characters they stand for.

    Mode `html`: comments, declarations and the content of script, style and template go; tags of blocks become line
    breaks, cells of tables blanks, other tags nothing; then `&amp;` becomes "&". A tag is removed when it is an HTML
    element, when it has attributes with values, or when the text closes it somewhere; attributes without a value must
    be HTML's. So "a < b and c > d", "<3", "List<String>" and "<b and c>" stay. Mode `entities` only decodes
    references. Only references that end with a semicolon count: "?a=1&copy=2" is an address. One level is decoded:
    "&amp;lt;" becomes "&lt;". Time grows with the length of the text whatever it holds.
    """

    name: ClassVar[str] = "strip_markup"
    title: ClassVar[str] = "Strip markup"
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"mode": MODES}
    mode: str = "html"

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"mode is {self.mode!r}; choose one of {', '.join(MODES)}")

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Return the table without markup; `changed` counts the texts that had some."""
        name = context.column("text")
        texts = as_text(table[name])
        wanted = "<[A-Za-z/!?]|&[A-Za-z#]" if self.mode == "html" else "&[A-Za-z#]"
        suspect = pc.fill_null(pc.match_substring_regex(texts, wanted), False)
        before = texts.filter(suspect).to_pylist()
        after = [decode(strip(text) if self.mode == "html" else text) for text in before]
        changed = sum(one != other for one, other in zip(before, after, strict=True))
        if not changed:
            return Outcome(table)
        stripped = pc.replace_with_mask(texts, suspect, pa.array(after, pa.large_string()))
        return Outcome(replace(table, name, stripped), changed=changed)


def decode(text: str) -> str:
    """Return the text with character references decoded (the names of HTML 5)."""
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text


def strip(text: str) -> str:
    """Return the text without tags; line breaks stand for blocks, and references stay."""
    bare = text
    for start, end in (("<!--", "-->"), ("<?", "?>"), ("<!DOCTYPE", ">"), ("<!doctype", ">")):
        bare = _without(bare, start, end)
    bare = bare.replace("<![CDATA[", "").replace("]]>", "") if "<![CDATA[" in bare else bare
    for name in SILENT:
        bare = _without_element(bare, name)
    closed = {name.lower() for name in _CLOSING.findall(bare)}
    blocks = 0

    def instead(found: re.Match[str]) -> str:
        nonlocal blocks
        name = found[2].lower()
        if not _is_tag(name, found[3], closed):
            return found[0]
        blocks += name in BLOCK
        if name in BLOCK:
            return "\n"
        return " " if name in CELL and not found[1] else ""

    bare = _TAG.sub(instead, bare)
    if blocks:
        # Two line breaks at most: what was a blank line, or a block after a block, stays a paragraph.
        bare = _BREAKS.sub(lambda found: "\n\n" if found[0].count("\n") > 1 else "\n", bare).strip()
    return bare


def _is_tag(name: str, attributes: str, closed: set[str]) -> bool:
    """Tell a tag from a comparison, an address or a type in angle brackets."""
    found = _ATTRIBUTES.findall(attributes)
    valued = sum(bool(value) for _name, value in found)
    if any(not value and attribute.lower() not in BOOLEAN for attribute, value in found):
        return False
    return name in BLOCK or name in INLINE or name in CELL or name in SILENT or name in closed or valued > 0


def _without(text: str, start: str, end: str) -> str:
    """Cut everything from each `start` to the next `end`; a start without an end stays."""
    if start not in text:
        return text
    kept, place = [], 0
    while (begin := text.find(start, place)) >= 0 and (stop := text.find(end, begin + len(start))) >= 0:
        kept.append(text[place:begin])
        place = stop + len(end)
    return "".join([*kept, text[place:]])


def _without_element(text: str, name: str) -> str:
    """Cut each element with its content; an opening tag without an end stays, for the tags' turn."""
    opening = re.compile(rf"<{name}(?=[\s/>])", re.IGNORECASE)
    closing = re.compile(rf"</{name}\s*+>", re.IGNORECASE)
    kept, place = [], 0
    while (begin := opening.search(text, place)) and (stop := closing.search(text, begin.end())):
        kept.append(text[place : begin.start()])
        place = stop.end()
    return "".join([*kept, text[place:]])
