"""Makes the project's own test vectors: `python -m tests.vectors.generate` writes the files beside this one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from tests.vectors.golden import containers, tokens
from tests.vectors.refused import refused
from tests.vectors.requests import verified

FOLDER: Final = Path(__file__).parent


def files() -> dict[str, str]:
    """Give the text of each file, by its name."""
    contents = {
        "tokens.json": tokens(),
        "refused.json": refused(),
        "containers.json": containers(),
        "verified.json": verified(),
    }
    return {name: json.dumps(value, ensure_ascii=False, indent=1) + "\n" for name, value in contents.items()}


if __name__ == "__main__":
    for name, text in files().items():
        (FOLDER / name).write_text(text)
