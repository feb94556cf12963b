"""The rules of drift, against numbers that numpy computes and ones that were published."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagline.drift.comparing import shift
from tagline.drift.divergence import by_chance, change_of_share, coarser, psi
from tagline.drift.sums import summed
from tagline.formats.drift import BINS, EDGES, Counts, InputCounts, LabelCounts, bin_of

RUN = "demo-0123456789abcdef"
counts = st.integers(2, 24).flatmap(
    lambda bins: st.tuples(
        *(st.lists(st.integers(0, 500), min_size=bins, max_size=bins).filter(sum) for _ in "ab")
    )
)


@given(counts)
def test_the_index_is_never_negative_and_the_same_both_ways(pair: Any) -> None:
    first, second = pair
    found = psi(first, second)
    assert found is not None
    assert found >= 0
    assert found == pytest.approx(psi(second, first), abs=1e-12)
    assert psi(first, first) == 0


@given(counts)
def test_the_index_is_what_numpy_computes(pair: Any) -> None:
    p, q = (np.array(side) + 0.5 for side in pair)
    p, q = p / p.sum(), q / q.sum()
    # Kullback and Leibler's two divergences
    both = np.sum(p * np.log(p / q)) + np.sum(q * np.log(q / p))
    assert psi(*pair) == pytest.approx(both, rel=1e-9, abs=1e-12)


@given(counts)
def test_coarser_bins_lose_no_image_and_hide_nothing_but_detail(pair: Any) -> None:
    first, second = coarser(*pair)
    assert (sum(first), sum(second)) == (sum(pair[0]), sum(pair[1]))
    assert len(first) == len(second) <= len(pair[0])
    least = 0.05 * sum(first)
    assert len(first) == 1 or min(first) >= least


@given(st.floats(0, 1, width=32))
def test_python_and_numpy_put_a_score_into_the_same_bin(score: float) -> None:
    assert bin_of(score) == np.searchsorted(EDGES, np.float64(np.float32(score)), side="right")
    assert 0 <= bin_of(score) < BINS


def test_the_edges_are_whole_logits() -> None:
    logits = np.log(np.array(EDGES) / (1 - np.array(EDGES)))
    assert np.round(logits).tolist() == list(range(-9, 10))
    assert np.abs(logits - np.round(logits)).max() < 0.005


@pytest.mark.parametrize(("bins", "first", "second"), [(10, 200, 400), (5, 1000, 300), (2, 90, 90)])
def test_chance_exceeds_its_bound_as_seldom_as_it_says(bins: int, first: int, second: int) -> None:
    rng = np.random.default_rng(7)
    shares = np.full(bins, 1 / bins)
    draws = 4000
    pairs = zip(
        rng.multinomial(first, shares, draws), rng.multinomial(second, shares, draws), strict=True
    )
    bound = by_chance(first, second, bins, 0.05)
    beyond = sum((psi(a.tolist(), b.tolist()) or 0) > bound for a, b in pairs)
    assert 0.02 < beyond / draws < 0.07


@pytest.mark.parametrize(
    ("freedom", "probability", "published"),
    [(9, 0.05, 16.919), (9, 0.01, 21.666), (1, 0.01, 6.635), (19, 0.001, 43.820)],
)
def test_the_quantiles_are_those_of_the_chi_square_tables(
    freedom: int, probability: float, published: float
) -> None:
    assert by_chance(2, 2, freedom + 1, probability) == pytest.approx(published, rel=0.02)


def test_a_change_of_share_is_as_newcombe_published_it() -> None:
    # Statistics in Medicine 17 (1998) 873-890, table II, method 10: 56/70 - 48/80, and 9/10 - 3/10
    assert change_of_share((48, 80), (56, 70), 0.05) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert change_of_share((3, 10), (9, 10), 0.05) == pytest.approx((0.1705, 0.8090), abs=5e-5)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 10**6))
def test_a_change_lies_within_its_interval_and_turns_with_its_sides(
    before: int, now: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    a, b = (int(rng.integers(0, before + 1)), before), (int(rng.integers(0, now + 1)), now)
    low, high = change_of_share(a, b, 0.01)
    assert -1 - 1e-9 <= low <= b[0] / b[1] - a[0] / a[1] <= high <= 1 + 1e-9
    assert change_of_share(b, a, 0.01) == pytest.approx((-high, -low), abs=1e-12)


@given(st.integers(0, 10**6))
def test_few_images_of_the_same_kind_are_no_drift(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shares = np.array([0.7, 0.1, 0.05, 0.05, 0.05, 0.05])
    before, now = (rng.multinomial(images, shares).tolist() for images in (60, 20))
    found = shift(*coarser(before, now), 0.2, 0.0001)
    assert not found.drifted


parts = st.lists(
    st.builds(
        lambda label, bins, tagged, run: Counts(
            run=run,
            images=sum(bins),
            labels=(LabelCounts(label=label, bins=tuple(bins), tagged=tagged),),
            inputs=InputCounts(format={"png": tagged}, size={label: 1}),
        ),
        st.sampled_from(["red", "round"]),
        st.lists(st.integers(0, 9), min_size=BINS, max_size=BINS),
        st.integers(0, 9),
        st.sampled_from([RUN, "demo-ffffffffffffffff"]),
    ),
    max_size=6,
)


def plain(found: Counts) -> Any:
    labels = sorted((label.label, label.bins, label.tagged) for label in found.labels)
    inputs = (found.inputs.format, found.inputs.size, found.inputs.alpha)
    return found.images, labels, inputs


@given(parts, parts, parts)
def test_sums_are_the_same_in_any_order_and_grouping(a: Any, b: Any, c: Any) -> None:
    whole = plain(summed(RUN, [*a, *b, *c]))
    assert whole == plain(summed(RUN, [summed(RUN, [*a, *b]), *c]))
    assert whole == plain(summed(RUN, [*a, summed(RUN, [*c, *b])]))
    assert whole[0] == sum(part.images for part in (*a, *b, *c) if part.run == RUN)
