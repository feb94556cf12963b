"""The contact sheet in a real browser: axe finds nothing, light or dark, and it fits a phone."""

import html
import json
import re
from pathlib import Path

import pytest

from tagline.cli.sheet_page import Group, Shown, page
from tests.browser import opened

pytestmark = [pytest.mark.slow, pytest.mark.browser]
AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
DARK = "(prefers-color-scheme: dark)"
DOT = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"  # a picture all the same
CHECK = """
<script>{axe}</script><script>
(async () => {{
  document.documentElement.style.width = "390px";
  const told = [], style = document.querySelector("style"), light = style.textContent;
  for (const scheme of ["not all", "all"]) {{
    style.textContent = light.replace("{dark}", scheme);
    for (const one of (await axe.run(document)).violations)
      told.push(scheme + " " + one.id + " " + one.nodes[0].html.slice(0, 120));
  }}
  const wide = document.querySelector("main").scrollWidth <= 390;
  document.title = JSON.stringify({{ told, wide }});
}})();
</script>
"""


def test_axe_finds_nothing(tmp_path: Path) -> None:
    if not AXE.is_file():
        pytest.skip("no axe-core: `make lint` installs it")
    long = "folder/" + "very-long-name" * 12 + ".png"
    groups = [
        Group("Without a file", 1, "the folder has no such file", [Shown("x.png", "cat", None)]),
        Group("Rejected: <b>", 1, "", [Shown(long, "no label", None, "the picture is damaged")]),
        Group("Label: cat & dog", 1300, "", [Shown(f"{at}.png", "cat", DOT) for at in range(12)]),
    ]
    text = page("designs.lst", 1302, groups)
    assert text.count(DARK) == 1
    free = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    check = CHECK.format(axe=AXE.read_text(encoding="utf-8"), dark=DARK)
    file = tmp_path / "sheet.html"
    file.write_text(free.replace("</body>", f"{check}</body>"), encoding="utf-8")
    shown = opened(file.as_uri(), tmp_path / "profile", "--window-size=500,900")
    title = re.search("<title>(.*?)</title>", shown, re.DOTALL)
    assert title
    assert json.loads(html.unescape(title[1])) == {"told": [], "wide": True}
