"""YAML without aliases: a few lines of them stand for more values than any memory holds."""

from typing import Any

import yaml


class PlainLoader(yaml.SafeLoader):
    """Reads YAML into plain values and refuses aliases."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Return the next node, or raise at an alias."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.composer.ComposerError(None, None, "a plan has no aliases (*name)", event.start_mark)
        return super().compose_node(parent, index)


def load_yaml(text: str) -> Any:
    """Read YAML into plain values.

    Raises:
        yaml.YAMLError: It is no YAML, is nested too deeply, or uses aliases.
    """
    try:
        return yaml.load(text, Loader=PlainLoader)  # noqa: S506  (a SafeLoader)
    except RecursionError:
        raise yaml.YAMLError("it is nested too deeply") from None


def load_nodes(text: str) -> tuple[yaml.Node | None, PlainLoader]:
    """Read YAML into nodes that know their lines, with the loader that turns each into its value.

    Raises:
        yaml.YAMLError: As `load_yaml`.
    """
    try:
        loader = PlainLoader(text)
        return loader.get_single_node(), loader
    except RecursionError:
        raise yaml.YAMLError("it is nested too deeply") from None
