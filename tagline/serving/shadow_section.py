"""What a shadow showed, as a section of the run's report: the page is written anew with it."""

import re
from html import escape

from tagline.formats.report import BEFORE_IT_SERVED
from tagline.formats.shadow import Asked, Shadow

_BEGIN, _END = '<section id="before-it-served">', "</section><!-- it served -->"
_EARLIER = re.compile(rf"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)


def with_section(page: str, shadow: Shadow) -> str:
    """Return the page with the section, in the place of an earlier one.

    A page of a version before the shadows has no mark for it: it comes last there.
    """
    page = _EARLIER.sub("", page)
    section = _section(shadow)
    for mark, before in ((BEFORE_IT_SERVED, False), ("</main>", True), ("</body>", True)):
        if mark in page:
            both = section + mark if before else mark + section
            return page.replace(mark, both, 1)
    return page + section


def _section(shadow: Shadow) -> str:
    compared = f"{shadow.compared:,}"
    facts = {
        "requests answered by both": compared,
        "the same tags": _share(shadow.alike),
        "mean difference of scores": _number(shadow.difference),
        "server errors": f"{shadow.asked.errors:,} of {shadow.asked.requests:,}",
        "share of requests": f"{shadow.share:.0%}",
    }
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items())
    return (
        f'{_BEGIN}<h2>Before it served</h2><p class="note">Beside champion '
        f"{escape(shadow.champion)}, unseen by clients, from {_time(shadow.began)} to "
        f"{_time(shadow.ended)}. {escape(shadow.reason)}.</p>"
        f'<div class="panel"><dl class="facts">{cells}</dl></div>{_times(shadow)}{_labels(shadow)}'
        f"{_END}"
    )


def _times(shadow: Shadow) -> str:
    rows = "".join(
        _row(name, asked)
        for name, asked in (("this model", shadow.asked), ("champion", shadow.champion_asked))
    )
    return (
        f"{_scrolling('how long the models took')}"
        '<table><thead><tr><th scope="col">milliseconds of the model</th>'
        '<th scope="col">p50</th><th scope="col">p95</th><th scope="col">p99</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(name: str, asked: Asked) -> str:
    took = asked.latency
    values = (took.p50, took.p95, took.p99) if took else (None, None, None)
    cells = "".join(f"<td>{'-' if each is None else f'{each:,.1f}'}</td>" for each in values)
    return f'<tr><th scope="row">{name}</th>{cells}</tr>'


def _labels(shadow: Shadow) -> str:
    if not shadow.labels:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(each.label)}</th><td>{_share(each.alike)}</td>'
        f"<td>{_number(each.difference)}</td><td>{each.champion:,}</td>"
        f"<td>{each.challenger:,}</td></tr>"
        for each in shadow.labels
    )
    left = (
        f'<p class="note">Not compared, as one alone knows them: '
        f"{escape(', '.join(shadow.left_out))}.</p>"
        if shadow.left_out
        else ""
    )
    return (
        f"{_scrolling('how far both agree on labels')}"
        '<table><thead><tr><th scope="col">label</th>'
        '<th scope="col">alike</th><th scope="col">difference</th>'
        '<th scope="col">tagged by the champion</th><th scope="col">by this model</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{left}"
    )


def _scrolling(what: str) -> str:
    """Begin a region that a keyboard reaches, as wide tables scroll."""
    return f'<div class="panel scroll" tabindex="0" role="region" aria-label="{what}">'


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _time(iso: str) -> str:
    return escape(iso.replace("T", " ").replace("Z", " UTC"))
