"""The engine on the command line: python -m modeling.engine train|evaluate|search|ensemble|compress|export|…"""

from __future__ import annotations

import sys

from modeling.engine.commands import main

if __name__ == "__main__":
    sys.exit(main())
