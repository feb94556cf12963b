"""Draw the flow as SVG: a band for each stage, a box for each state."""

from xml.sax.saxutils import escape

from tools.flow.grid import Node
from tools.flow.layout import BOX, GAP, LOOP, MARGIN, SANS, Band, Layout, Way, lay_out
from tools.flow.source import Flow

SCHEMES = ("light", "dark")
COLOURS = {
    "page": ("#ffffff", "#0d1117"),
    "band": ("#f6f8fa", "#151b23"),
    "edge": ("#d1d9e0", "#3d444d"),
    "box": ("#ffffff", "#0d1117"),
    "text": ("#1f2328", "#f0f6fc"),
    "line": ("#59636e", "#a5adb6"),
    "function": ("#0969da", "#58a6ff"),
    "job": ("#8250df", "#bc8cff"),
    "call": ("#1b7c83", "#56d4dd"),
    "choice": ("#9a6700", "#e3b341"),
    "plain": ("#59636e", "#a5adb6"),
    "good": ("#1a7f37", "#56d364"),
    "bad": ("#cf222e", "#ff7b72"),
}
# What a state is: its colour, its sign (12 pixels wide and high), its words in the legend
KINDS = {
    "function": ("function", "M2 1h2l6 10M5.6 4.6 2 11", "Lambda function"),
    "job": ("job", "M6 1l5 2.5v5L6 11 1 8.5v-5zM1 3.5l5 2.5 5-2.5M6 6v5", "container or job"),
    "call": ("call", "M1 4h9L7.5 1.5M11 8H2l2.5 2.5", "service call"),
    "choice": ("choice", "M6 1l5 5-5 5-5-5z", "choice"),
    "map": ("plain", "M1 4h7v7H1zM4 4V1h7v7H8", "many at once"),
    "pass": ("plain", "M2 4.5h8M2 7.5h8", "sets values"),
    "wait": ("plain", "M6 1a5 5 0 1 0 .01 0M6 3v3l2 1.5", "wait"),
    "succeed": ("good", "M1.5 6.5l3 3 6-7", ""),
    "fail": ("bad", "M2 2l8 8M10 2l-8 8", ""),
}


def draw(flow: Flow, scheme: str) -> str:
    """Return the picture."""
    layout = lay_out(flow)
    colours = {name: pair[SCHEMES.index(scheme)] for name, pair in COLOURS.items()}
    stages = "; ".join(f"{stage.name}: {stage.says}" for stage in flow.stages)
    size = f'width="{layout.width:.0f}" height="{layout.height:.0f}"'
    view = f'viewBox="0 0 {layout.width:.0f} {layout.height:.0f}" role="img"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} aria-labelledby="title desc">',
        '<title id="title">The states of a run, stage by stage</title>',
        f'<desc id="desc">{escape(flow.head["Comment"])} {escape(stages)}.</desc>',
        f"<style>{_style(colours)}</style>",
        f"<defs>{_arrow('to', colours['line'])}{_arrow('to-bad', colours['bad'])}</defs>",
        f'<rect class="page" {size} rx="8"/>',
        *(_band(band, layout) for band in layout.bands),
        *(_line(way) for way in layout.ways),
        *(_entry(band, layout) for band in layout.bands),
        *(_box(node, band) for band in layout.bands for node in band.every),
        _legend(layout.height - 16),
        "</svg>\n",
    ]
    return "\n".join(line for line in lines if line)


def _text(where: tuple[float, float], says: str, what: str = "note", anchor: str = "") -> str:
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    place = f'x="{where[0]:.1f}" y="{where[1]:.1f}"'
    return f'<text class="{what}" {place}{anchored}>{escape(says)}</text>'


def _band(band: Band, layout: Layout) -> str:
    x, y = MARGIN + 12, band.top + 24
    return (
        f'<rect class="band" x="{MARGIN}" y="{band.top:.1f}" rx="8" '
        f'width="{layout.width - 2 * MARGIN:.1f}" height="{band.bottom - band.top:.1f}"/>'
        + _text((x, y), band.stage.name.replace("-", " "), "stage")
        + "".join(_text((x, y + 17 + 14 * at), line) for at, line in enumerate(band.caption))
    )


def _line(way: Way) -> str:
    a, b = way.source, way.target
    at, anchor = (a.right + 6, a.level - 5), ""
    match way.how:
        case "level":
            points = [(a.right, a.level), (b.left, b.level)]
            at, anchor = ((a.right + b.left) / 2, a.level - 5), "middle"
        case "down":
            points = [(a.left + 14, a.bottom), (a.left + 14, b.level), (b.left, b.level)]
            at, anchor = (b.left - 12, b.level - 5), "end"
        case "up":
            points = [(a.right, a.level), (b.right - 20, a.level), (b.right - 20, b.bottom)]
        case "back":
            y, x = a.bottom + LOOP - 2, b.right - 20
            points = [(a.middle, a.bottom), (a.middle, y), (x, y), (x, b.bottom)]
            at, anchor = ((a.middle + x) / 2, y - 4), "middle"
        case "error":
            points = [(a.middle, a.bottom), (b.middle, b.top)]
            at = (a.middle + 6, (a.bottom + b.top) / 2 + 3)
        case _:
            x, y = way.band.right, way.band.bottom + GAP / 2
            points = [(a.right, a.level), (x, a.level), (x, y), (b.middle, y), (b.middle, b.top)]
    says = _text(at, way.says, anchor=anchor) if way.says else ""
    return _path(points, "line bad" if way.how == "error" else "line") + says


def _path(points: list[tuple[float, float]], what: str) -> str:
    """Draw a line with rounded corners."""
    steps = ["M{:.1f} {:.1f}".format(*points[0])]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        steps.append("L{:.1f} {:.1f}".format(*_near(corner, before)))
        steps.append("Q{:.1f} {:.1f} {:.1f} {:.1f}".format(*corner, *_near(corner, after)))
    steps.append("L{:.1f} {:.1f}".format(*points[-1]))
    return f'<path class="{what}" d="{"".join(steps)}"/>'


def _near(corner: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    (x, y), (to_x, to_y) = corner, other
    part = min(0.5, 8 / (abs(to_x - x) + abs(to_y - y)))
    return x + (to_x - x) * part, y + (to_y - y) * part


def _entry(band: Band, layout: Layout) -> str:
    first = band.nodes[0]
    if not band.entry:
        return ""
    says = _text((first.middle + 9, first.top - 8), band.entry)
    if any(way.how == "on" and way.target is first for way in layout.ways):
        return says
    return _path([(first.middle, band.top - GAP / 2), (first.middle, first.top)], "line") + says


def _kind(node: Node) -> str:
    resource = node.state.get("Resource", "")
    if node.state["Type"] != "Task":
        return str(node.state["Type"]).lower()
    if resource.endswith("lambda:invoke"):
        return "function"
    return "job" if resource.endswith(".sync") else "call"


def _box(node: Node, band: Band) -> str:
    x, y, wide, high = node.left, node.top, node.right - node.left, node.bottom - node.top
    kind = _kind(node)
    colour, sign, _ = KINDS[kind]
    if kind == "choice":
        shape = (
            f'<path class="box" d="M{x + 9:.1f} {y:.1f}h{wide - 18:.1f}l9 {high / 2:.1f}l-9 '
            f'{high / 2:.1f}h{18 - wide:.1f}l-9 -{high / 2:.1f}z"/>'
        )
    else:
        rounded = high / 2 if kind in ("succeed", "fail") else 6
        shape = (
            f'<rect class="{"map" if node.inner else "box"}" x="{x:.1f}" y="{y:.1f}" '
            f'width="{wide:.1f}" height="{high:.1f}" rx="{rounded:.0f}"/>'
        )
    notes = "".join(
        _text(band.beneath(node, line), note, "note bad" if note.startswith("error") else "note")
        for line, note in enumerate(band.notes[node.name], start=1)
    )
    return (
        f'<g class="{colour}"><title>{escape(node.state.get("Comment", node.name))}</title>{shape}'
        f"{_sign(sign, x + 12, y + BOX / 2 - 6)}"
        f"{_text((x + 31, y + BOX / 2 + 4), node.name, 'name')}</g>{notes}"
    )


def _sign(path: str, x: float, y: float) -> str:
    return f'<path class="sign" transform="translate({x:.1f} {y:.1f})" d="{path}"/>'


def _legend(y: float) -> str:
    parts, x = [], MARGIN + 12.0
    for colour, sign, says in (kind for kind in KINDS.values() if kind[2]):
        parts.append(f'<g class="{colour}">{_sign(sign, x, y - 10)}</g>{_text((x + 17, y), says)}')
        x += 34 + SANS * len(says)
    return "".join(parts)


def _arrow(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 .5L8 4L0 7.5z" fill="{colour}"/></marker>'
    )


def _style(colours: dict[str, str]) -> str:
    kinds = "\n".join(
        f".{kind} .box, .{kind} .map, .{kind} .sign {{ stroke: {colours[kind]} }}"
        for kind in sorted({colour for colour, _, _ in KINDS.values()})
    )
    return f"""
text {{ font: 11.5px system-ui, -apple-system, "Segoe UI", "Noto Sans", Arial, sans-serif }}
.name {{ font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }}
.stage {{ font-size: 15px; font-weight: 600 }}
.stage, .name {{ fill: {colours["text"]} }}
.note {{ fill: {colours["line"]} }}
.note.bad {{ fill: {colours["bad"]} }}
.page {{ fill: {colours["page"]} }}
.band {{ fill: {colours["band"]}; stroke: {colours["edge"]} }}
.box {{ fill: {colours["box"]}; stroke-width: 1.25 }}
.map {{ fill: none; stroke-dasharray: 5 4 }}
.sign {{ fill: none; stroke-width: 1.4; stroke-linecap: round; stroke-linejoin: round }}
.line {{ fill: none; stroke: {colours["line"]}; stroke-width: 1.25; marker-end: url(#to) }}
.line.bad {{ stroke: {colours["bad"]}; stroke-dasharray: 4 3; marker-end: url(#to-bad) }}
{kinds}
"""
