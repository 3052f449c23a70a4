"""Label Studio's XML of a project's questions, read: what it shows and asks, before it becomes a schema of ours."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError, fromstring

# What a schema shows, by the object tag.
OBJECTS = {"Text": "text", "HyperText": "text", "Image": "image"}
# Control tags that have a control of ours.
ASKED = frozenset(
    {"Choices", "Taxonomy", "Labels", "HyperTextLabels", "Relations", "TextArea", "Rating", "Pairwise", "Number"}
) | {"DateTime", "RectangleLabels", "PolygonLabels", "KeyPointLabels"}
# Tags that only lay things out, or change how the page feels.
_LAYOUT = frozenset({"View", "Style", "Header", "Filter", "Collapse", "Panel", "Shortcut", "Choice", "Label"})
_LAYOUT |= {"Relation"}
LONGEST = 1 << 20
_DOCTYPE = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*(?:,\s*[\d.]+\s*)?\)", re.IGNORECASE)
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
# The sixteen names of HTML 4.01 and orange of CSS 2.1, which configurations use.
_COLORS = {
    "black": "#000000",
    "silver": "#c0c0c0",
    "gray": "#808080",
    "grey": "#808080",
    "white": "#ffffff",
    "maroon": "#800000",
    "red": "#ff0000",
    "purple": "#800080",
    "fuchsia": "#ff00ff",
    "green": "#008000",
    "lime": "#00ff00",
    "olive": "#808000",
    "yellow": "#ffff00",
    "navy": "#000080",
    "blue": "#0000ff",
    "teal": "#008080",
    "aqua": "#00ffff",
    "orange": "#ffa500",
}


class ConfigError(ValueError):
    """A configuration that cannot be read; the message says why."""


@dataclass(slots=True)
class Option:
    """One label or choice.

    Attributes:
        value: What results say: its ``alias``, else its ``value``.
        title: What people read.
        color: As ``#rrggbb``, or "".
        hotkey: One character, or "".
        path: Of a taxonomy: the values above it, the top first.
    """

    value: str
    title: str = ""
    color: str = ""
    hotkey: str = ""
    path: tuple[str, ...] = ()


@dataclass(slots=True)
class Asked:
    """One control tag.

    Attributes:
        name: What results give as ``from_name``.
        element: Such as ``Choices``.
        shown: Names of the object tags that it is about.
        options: Labels that it declares.
        given: Its attributes.
        title: The ``Header`` above it.
    """

    name: str
    element: str
    shown: tuple[str, ...]
    options: list[Option] = field(default_factory=list)
    given: dict[str, str] = field(default_factory=dict)
    title: str = ""


@dataclass(slots=True)
class Shown:
    """One object tag: its element, the field of the task, and the ``Header`` above it."""

    element: str
    field: str
    title: str = ""


@dataclass(slots=True)
class Config:
    """What a configuration says.

    Attributes:
        shown: Object tags by their name.
        asked: Control tags in their order.
        unknown: Element and name of the tags that have no counterpart here.
    """

    shown: dict[str, Shown] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)


def read_config(xml: str) -> Config:
    """Read a configuration. Document types and entities are refused before anything is parsed.

    Raises:
        ConfigError: It is no XML, too long, or declares entities.
    """
    if len(xml) > LONGEST:
        raise ConfigError("is longer than a megabyte.")
    if _DOCTYPE.search(xml):
        raise ConfigError("declares a document type or entities, which are refused. Remove <!DOCTYPE …>.")
    try:
        root = fromstring(xml)  # noqa: S314  (a document type, the way to entities, is refused above)
    except (ParseError, ValueError) as error:
        raise ConfigError(f"is no whole XML: {error}.") from None
    config = Config()
    header = ""
    for element in root.iter():
        if element.tag == "Header":
            header = element.get("value") or (element.text or "").strip()
            continue
        if _take(config, element, header):
            header = ""
    return config


def _take(config: Config, element: Element, header: str) -> bool:
    """Note a tag and tell whether it takes the header before it."""
    name, source = element.get("name", ""), element.get("value", "")
    if element.tag in ASKED:
        if element.tag != "Relations" and not name:
            return False
        shown = tuple(each.strip() for each in element.get("toName", "").split(",") if each.strip())
        config.asked.append(
            Asked(name or "relations", element.tag, shown, list(_options(element, ())), dict(element.attrib), header)
        )
        return True
    if element.tag in _LAYOUT:
        return False
    if source.startswith("$") and name and not element.get("toName"):
        config.shown[name] = Shown(str(element.tag), source[1:], header)
        if element.tag not in OBJECTS:
            config.unknown.append((str(element.tag), name))
        return True
    config.unknown.append((str(element.tag), name))
    return False


def _options(element: Element, path: tuple[str, ...]) -> Iterator[Option]:
    for child in element:
        if child.tag in {"Label", "Choice", "Relation"}:
            value = child.get("alias") or child.get("value") or (child.text or "").strip()
            title = child.get("hint") or child.get("html") or child.get("value") or value
            color = child.get("background") or child.get("selectedColor") or ""
            yield Option(value, title, hexadecimal(color), child.get("hotkey", ""), path)
            yield from _options(child, (*path, value))
        else:
            # Choices and labels may stand inside views that lay them out.
            yield from _options(child, path)


def hexadecimal(color: str) -> str:
    """Return a colour as ``#rrggbb``; empty for a name that is not known."""
    color = color.strip().lower()
    if _HEX.fullmatch(color):
        return color if len(color) == 7 else "#" + "".join(2 * each for each in color[1:])
    parts = _RGB.fullmatch(color)
    if parts:
        return "#" + "".join(f"{min(255, int(each)):02x}" for each in parts.groups())
    return _COLORS.get(color, "")
