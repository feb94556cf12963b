"""The report in a real browser: axe finds nothing, it fits a phone, search and order work."""

import html
import json
import re
from pathlib import Path

import numpy as np
import pytest

from tests.browser import AXE, opened
from tests.unit.report_world import HOSTILE, evaluation, page, single_evaluation

pytestmark = [pytest.mark.slow, pytest.mark.browser]
DARK = "(prefers-color-scheme: dark)"
# Chromium's window is at least 500 pixels wide: a phone's width is given to the page instead
CHECK = """
<script>{axe}</script><script>
(async () => {{
  document.documentElement.style.width = "{width}px";
  const told = [], style = document.querySelector("style"), light = style.textContent;
  document.querySelector("details").open = true;
  for (const scheme of ["not all", "all"]) {{
    style.textContent = light.replace("{dark}", scheme);
    for (const one of (await axe.run(document)).violations)
      told.push(scheme + " " + one.id + " " + one.nodes[0].html.slice(0, 120));
  }}
  const wide = document.querySelector("main").scrollWidth <= {width};
  const find = document.getElementById("find"), sort = document.getElementById("sort");
  const changed = () => find.dispatchEvent(new Event("input", {{ bubbles: true }}));
  find.value = "RED"; changed();
  const left = [...document.querySelectorAll("[data-labels] > :not([hidden])")].length;
  find.value = ""; sort.value = "name"; changed();
  const first = document.querySelector("tbody[data-labels] th").textContent;
  const order = document.getElementById("order"), matrix = document.getElementById("confusions");
  const diagonal = () => [...matrix.rows].every((row, i) => row.cells[i + 1].className !== "wrong");
  if (order) order.value = "recall";
  order?.dispatchEvent(new Event("change", {{ bubbles: true }}));
  const worst = order && diagonal() && matrix.rows[0].cells[0].textContent;
  document.title = JSON.stringify({{ told, wide, left, first, worst }});
}})();
</script>
"""


@pytest.mark.parametrize(("width", "single"), [(390, False), (1280, False), (390, True)])
def test_axe_finds_nothing_and_search_and_order_work(
    tmp_path: Path, width: int, *, single: bool
) -> None:
    if not AXE.is_file():
        pytest.skip("no axe-core: `make lint` installs it")
    judged = single_evaluation() if single else evaluation()
    report = page(judged)
    worst = None
    if judged.single:
        worst = judged.labels[int(np.nanargmin(judged.single.answers.recall))]
    assert report.count(DARK) == 1
    free = re.sub('<meta http-equiv="Content-Security-Policy"[^>]*>', "", report)
    check = CHECK.format(axe=AXE.read_text(encoding="utf-8"), width=width, dark=DARK)
    file = tmp_path / "report.html"
    file.write_text(free.replace("</body>", f"{check}</body>"), encoding="utf-8")
    shown = opened(file.as_uri(), tmp_path / "profile", f"--window-size={max(500, width)},900")
    title = re.search("<title>(.*?)</title>", shown, re.DOTALL)
    assert title
    found = json.loads(html.unescape(title[1]))
    assert found == {"told": [], "wide": True, "left": 2, "first": HOSTILE, "worst": worst}
