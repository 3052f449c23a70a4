"""Whether Label Studio's own parser takes the XML that our servers' protocol sends, for every ready template.

    python bench/label_studio_tags.py --venv VENV

VENV holds ``label-studio-sdk``; its ``LabelInterface`` is the judge.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
JUDGE = """
import importlib.metadata, json, sys
from label_studio_sdk.label_interface import LabelInterface
print("label-studio-sdk", importlib.metadata.version("label-studio-sdk"))
for name, config in json.load(sys.stdin).items():
    interface = LabelInterface(config)
    interface.validate()
    print(name, *(f"{control.name}={control.tag}" for control in interface.controls))
"""
VERSIONS = (
    ([("text", "string"), ("mass", "int64"), ("sex", "string")], {"text": "text"}),
    ([("image", "string"), ("image_width", "int64"), ("image_height", "int64")], {"image": "image"}),
    ([("prompt", "string"), ("response_a", "string"), ("response_b", "string")], {"text": "prompt"}),
)


def main() -> None:
    """Print each template with the controls that Label Studio finds in it; end with an error where it finds none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venv", type=Path, required=True)
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from labeling.engine.label_studio.tags import labeling_config
    from labeling.engine.schema import parse_schema
    from labeling.offers import offers_for

    configs = {
        offer["name"]: labeling_config(parse_schema(offer["schema"]))
        for columns, roles in VERSIONS
        for offer in offers_for(columns=columns, roles=roles, language="en")
    }
    python = arguments.venv / "bin" / "python"
    subprocess.run([python, "-W", "ignore", "-c", JUDGE], input=json.dumps(configs), text=True, check=True)


if __name__ == "__main__":
    main()
