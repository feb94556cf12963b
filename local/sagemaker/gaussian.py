"""A small Gaussian process in plain Python: which point promises most.

Squared-exponential kernel of fixed width on the unit cube, expected improvement as the measure,
and trials under way taken at their predicted value ("kriging believer") so that parallel trials
spread out. Rasmussen and Williams, Gaussian Processes for Machine Learning, algorithm 2.1.
"""

import math
import statistics

Point = tuple[float, ...]
Matrix = list[list[float]]
_WIDTH = 0.3
_NOISE = 1e-3
_MOST_POINTS = 60  # the newest; a trial costs minutes, more points would cost seconds


def most_promising(
    results: list[tuple[Point, float]], running: list[Point], candidates: list[Point]
) -> Point:
    """Return the candidate with the highest expected improvement over the best result."""
    seen = [(point, value) for point, value in results if math.isfinite(value)][-_MOST_POINTS:]
    values = [value for _, value in seen]
    middle = statistics.fmean(values)
    spread = statistics.pstdev(values) or 1.0
    known = [(point, (value - middle) / spread) for point, value in seen]
    best = max(value for _, value in known)
    for point in running:
        known.append((point, _Process(known).predict(point)[0]))
    process = _Process(known)
    return max(candidates, key=lambda point: _improvement(*process.predict(point), best))


class _Process:
    """Mean and deviation anywhere, given values at some points."""

    def __init__(self, known: list[tuple[Point, float]]) -> None:
        self._points = [point for point, _ in known]
        covariance = [[_kernel(a, b) for b in self._points] for a in self._points]
        for i in range(len(known)):
            covariance[i][i] += _NOISE
        self._lower = _cholesky(covariance)
        half = _solve_lower(self._lower, [value for _, value in known])
        self._weights = _solve_upper(self._lower, half)

    def predict(self, point: Point) -> tuple[float, float]:
        near = [_kernel(point, other) for other in self._points]
        mean = math.fsum(k * w for k, w in zip(near, self._weights, strict=True))
        explained = _solve_lower(self._lower, near)
        variance = 1.0 + _NOISE - math.fsum(v * v for v in explained)
        return mean, math.sqrt(max(variance, 1e-12))


def _improvement(mean: float, deviation: float, best: float) -> float:
    z = (mean - best) / deviation
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return (mean - best) * (1 + math.erf(z / math.sqrt(2))) / 2 + deviation * density


def _kernel(a: Point, b: Point) -> float:
    return math.exp(-(math.dist(a, b) ** 2) / (2 * _WIDTH**2))


def _cholesky(matrix: Matrix) -> Matrix:
    size = len(matrix)
    lower = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rest = matrix[i][j] - math.fsum(lower[i][k] * lower[j][k] for k in range(j))
            lower[i][j] = math.sqrt(rest) if i == j else rest / lower[j][j]
    return lower


def _solve_lower(lower: Matrix, right: list[float]) -> list[float]:
    solved: list[float] = []
    for i, value in enumerate(right):
        known = math.fsum(lower[i][k] * solved[k] for k in range(i))
        solved.append((value - known) / lower[i][i])
    return solved


def _solve_upper(lower: Matrix, right: list[float]) -> list[float]:
    size = len(right)
    solved = [0.0] * size
    for i in reversed(range(size)):
        known = math.fsum(lower[k][i] * solved[k] for k in range(i + 1, size))
        solved[i] = (right[i] - known) / lower[i][i]
    return solved
