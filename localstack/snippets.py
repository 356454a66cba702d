"""The code of the guides."""

import re

from localstack.settings import ROOT


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page whose info string is exactly this."""
    text = (ROOT / "docs" / page).read_text()
    return re.findall(rf"^```{re.escape(language)}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
