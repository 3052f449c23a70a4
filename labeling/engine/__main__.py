"""The engine from the command line, without a server: ``python -m labeling.engine --help``.

Exit codes: 0 done, 1 the input cannot be used (a sentence on standard error says why), 2 wrong arguments, 130 stopped
with Ctrl-C. Standard output holds one JSON object.
"""

import argparse
import json
import sys
from collections.abc import Sequence

from curation.engine.readers import ReadError
from labeling.engine.commands import agreement, consensus, convert, label_errors


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        summary = options.run(options)
    except OSError as error:
        sys.stderr.write(f"{error.filename or 'The file'}: {error.strerror or error}\n")
        return 1
    except ReadError as error:
        where = f" (line {error.line})" if error.line else ""
        sys.stderr.write(f"{error.message}{where}\n")
        return 1
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(json.dumps(summary, ensure_ascii=False, indent=1) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m labeling.engine", description="Judge answers without a server.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    consensus.add(commands)
    agreement.add(commands)
    label_errors.add(commands)
    convert.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
