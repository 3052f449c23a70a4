"""``python -m curation.engine check-certificate FILE``: is a certificate genuine, and is the rest untouched?"""

import argparse
import json
from pathlib import Path
from typing import Any

from curation.engine.erasure.certificate import CertificateError, rest_of_files, verify


def add_parser(commands: Any) -> None:
    """Add the command to those of ``python -m curation.engine``."""
    check = commands.add_parser(
        "check-certificate", help="check the certificate of an erasure, and versions against it"
    )
    check.add_argument("certificate", type=Path, help="the certificate as JSON")
    check.add_argument("--key", default="", help="the organization's public key, known from elsewhere")
    check.add_argument("--version", type=int, default=0, help="number of a version in the service, with --parquet")
    check.add_argument("--parquet", type=Path, nargs="*", default=[], help="that version as Parquet, before or after")
    check.set_defaults(run=run)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Check and return what holds.

    Raises:
        CertificateError: Something does not.
    """
    certificate = json.loads(options.certificate.read_text("utf-8"))
    verify(certificate, options.key)
    told = {"signature": "good", "key": certificate["signature"]["public_key"], "key_was_given": bool(options.key)}
    if not options.parquet:
        return told
    rows = [row for row in certificate["versions"] if row["version"] == options.version]
    if not rows:
        known = ", ".join(str(row["version"]) for row in certificate["versions"])
        raise CertificateError(f"The certificate names no version {options.version}. It names: {known}.")
    items = sorted({item for row in rows for item in row["item_ids"]})
    found = rest_of_files(options.parquet, items)
    if found != rows[-1]["rest_hash"]:
        raise CertificateError(f"The rest of version {options.version} is {found}, not {rows[-1]['rest_hash']}.")
    return {**told, "version": options.version, "rest": found, "rest_untouched": True}
