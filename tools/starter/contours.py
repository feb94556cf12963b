"""The contours of an SVG path, each as a path of its own."""

import re
from collections.abc import Iterator

_NUMBER = re.compile(r"[\s,]*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
_FLAG = re.compile(r"[\s,]*([01])")
_COMMAND = re.compile(r"[\s,]*([MmLlHhVvCcSsQqTtAaZz])")
_TAKES = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "q": 4, "t": 2, "a": 7, "z": 0}
_FLAGS = (3, 4)  # places among an arc's numbers


def contours(path: str) -> list[str]:
    """Return each contour of a path (its attribute `d`) as a path, the widest first.

    Each begins at an absolute place, so that it can be painted alone. What follows a fault in the
    path is left out, as SVG asks.
    """
    found: list[_Contour] = []
    x = y = 0.0
    for command, values in _segments(path):
        kind = command.lower()
        if kind == "z":
            found[-1].close()
            x, y = found[-1].start
            continue
        from_x, from_y = (x, y) if command.islower() else (0.0, 0.0)
        before = (x, y)
        if kind != "v":
            x = from_x + values[0 if kind == "h" else -2]
        if kind != "h":
            y = from_y + values[-1]
        if kind == "m":
            found.append(_Contour((x, y)))
            continue
        if found[-1].closed:  # goes on from where the last one began
            found.append(_Contour(before))
        found[-1].go(command, values, (x, y))
    return [one.path for one in sorted(found, key=lambda one: -one.area) if one.drawn]


class _Contour:
    """One contour while it is read."""

    def __init__(self, start: tuple[float, float]) -> None:
        self.start = start
        self.closed = self.drawn = False
        self._points = [start]
        self._text = [f"M{start[0]:g} {start[1]:g}"]

    def go(self, command: str, values: list[float], to: tuple[float, float]) -> None:
        self._text.append(command + " ".join(f"{value:g}" for value in values))
        self._points.append(to)
        self.drawn = True

    def close(self) -> None:
        if not self.closed:
            self._text.append("z")
        self.closed = self.drawn = True

    @property
    def path(self) -> str:
        return "".join(self._text)

    @property
    def area(self) -> float:
        """Of the box around its corners."""
        xs, ys = zip(*self._points, strict=True)
        return float((max(xs) - min(xs)) * (max(ys) - min(ys)))


def _segments(path: str) -> Iterator[tuple[str, list[float]]]:
    """Yield commands with their numbers: repeated ones one by one, the first an M or m."""
    at, command = 0, ""
    while at < len(path):
        if named := _COMMAND.match(path, at):
            first = not command
            command, at = named[1], named.end()
            if first and command not in "Mm":
                return
        elif command in {"", "z", "Z"}:
            return
        values: list[float] = []
        for place in range(_TAKES[command.lower()]):
            flag = command in "aA" and place in _FLAGS
            number = (_FLAG if flag else _NUMBER).match(path, at)
            if number is None:
                return
            values.append(float(number[1]))
            at = number.end()
        yield command, values
        if command in "Mm":  # further pairs are lines
            command = "l" if command == "m" else "L"
