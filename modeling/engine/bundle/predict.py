"""Predict with this bundle: python predict.py THING ..., or one a line on standard input; one JSON line each.

A thing is a text, the path of a picture, or a JSON object of a row or a pair. README.md says which, and what to
install.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from runtime.model import Model, Refused, from_word


def main() -> None:
    """Answer what stands on the command line, or line by line what comes in."""
    here = Path(__file__).resolve().parent
    model = Model(lambda name: (here / name).read_bytes())
    failed = False
    for place, given in enumerate(sys.argv[1:] or (line.rstrip("\r\n") for line in sys.stdin), 1):
        try:
            answer = model.one(from_word(model.manifest["reading"], given))
        except (Refused, ValueError) as refused:
            sys.stderr.write(f"{place}: {refused}\n")
            failed = True
            continue
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
