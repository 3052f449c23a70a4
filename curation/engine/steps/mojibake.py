"""Repairs text that was decoded with the wrong encoding."""

from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.folding import as_text
from curation.engine.steps.base import Context, Outcome, Step, replace

# ftfy calls a text broken only when it holds one of these: accented Latin, Greek, Cyrillic, C1 controls, box drawing,
# and signs that are rare outside of mojibake. ASCII, Han, kana, emoji and the quotes and dashes of good typography are
# not among them, so that such rows cost one pass of a compiled expression. A test holds this against ftfy's own.
SUSPECT = (
    "[\\x{80}-\\x{B6}\\x{B8}-\\x{1FF}\\x{2C6}-\\x{2DD}\\x{370}-\\x{52F}\\x{201A}\\x{201E}\\x{2020}-\\x{2022}\\x{2030}-\\x{2BFF}"
    "\\x{F8FF}\\x{FB01}\\x{FB02}\\x{FFFD}]"
)


@dataclass(frozen=True, slots=True)
class RepairMojibake(Step):
    """Undoes wrong decodings such as "sÃ³" for "só" (ftfy; Speer 2019, its heuristic of badness).

    Only the encoding is mended: quotes, ligatures, entities, white space and everything that was typed on purpose stay
    as they are. Texts that hold no suspect character, which is nearly all English and Chinese ones, are not looked at
    one by one.
    """

    name: ClassVar[str] = "repair_mojibake"
    title: ClassVar[str] = "Repair mojibake"

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Return the table with mended texts; `changed` counts them."""
        name = context.column("text")
        texts = as_text(table[name])
        suspect = pc.fill_null(pc.match_substring_regex(texts, SUSPECT), False)
        candidates = texts.filter(suspect).to_pylist()
        mended = [_mended(text) for text in candidates]
        changed = sum(one is not other for one, other in zip(candidates, mended, strict=True))
        if not changed:
            return Outcome(table)
        after = pc.replace_with_mask(texts, suspect, pa.array(mended, pa.large_string()))
        return Outcome(replace(table, name, after), changed=changed)


def _mended(text: str) -> str:
    import ftfy  # 0.14 s, which the web process can do without
    from ftfy.badness import is_bad

    if not is_bad(text):
        return text
    after = ftfy.fix_encoding(text)
    return text if after == text else after
