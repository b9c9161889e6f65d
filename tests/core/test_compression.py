"""Compressed data sets, against the originals, exact arithmetic and NIST's results."""

import os
import subprocess
import sys
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import theory
from helpers.compression import ROWS, Compressed, Factor, compress, merge
from helpers.data import fit_scaling, load_data
from helpers.descent import gradient_descent
from helpers.model import cost, gradients, predict

# Longley's data and the weights that the NIST certifies for them: Statistical
# Reference Datasets, Linear Regression, "Longley". The intercept comes last.
LONGLEY = """\
60323 83.0 234289 2356 1590 107608 1947
61122 88.5 259426 2325 1456 108632 1948
60171 88.2 258054 3682 1616 109773 1949
61187 89.5 284599 3351 1650 110929 1950
63221 96.2 328975 2099 3099 112075 1951
63639 98.1 346999 1932 3594 113270 1952
64989 99.0 365385 1870 3547 115094 1953
63761 100.0 363112 3578 3350 116219 1954
66019 101.2 397469 2904 3048 117388 1955
67857 104.6 419180 2822 2857 118734 1956
68169 108.4 442769 2936 2798 120445 1957
66513 110.8 444546 4681 2637 121950 1958
68655 112.6 482704 3813 2552 123366 1959
69564 114.2 502601 3931 2514 125368 1960
69331 115.7 518173 4806 2572 127852 1961
70551 116.9 554894 4007 2827 130081 1962"""
LONGLEY_CERTIFIED = [
    15.0618722713733,
    -0.0358191792925910,
    -2.02022980381683,
    -1.03322686717359,
    -0.0511041056535807,
    1829.15146461355,
    -3482258.63459582,
]
LONGLEY_RESIDUAL_DEVIATION = 304.854073561965


def many(rng, n=30_000, p=4):
    """Return data of several blocks, with correlated columns and non-zero means."""
    X = rng.normal(size=(n, p)) @ rng.normal(size=(p, p)) + 10 * rng.normal(size=p)
    return X, X @ rng.normal(size=p) + 3 + rng.normal(size=n)


def inner_products(X, y):
    """Return the inner products of the columns of [1 X y], divided by n_samples."""
    table = np.column_stack([np.ones(len(y)), X, y])
    return table.T @ table / len(y)


def solve(X, y):
    """Return the least-squares solution, the intercept last."""
    best = theory.optimum(X, y)
    return [*best.w, best.b]


def test_the_stand_in_of_the_cars_descends_like_the_cars(cars):
    small = compress(*cars)
    assert small.X.shape == (9, 7)
    assert small.n_samples == 392
    for options in ({"learning_rate": 0.1}, {"learning_rate": 1.0}):
        whole = gradient_descent(*cars, n_iterations=1000, **options)
        fit = gradient_descent(*small[:2], n_iterations=1000, **options)
        np.testing.assert_allclose(fit.costs, whole.costs, rtol=1e-10)
        apart = np.linalg.norm(fit.path - whole.path, axis=1)
        assert (apart <= 1e-10 * np.linalg.norm(whole.path, axis=1)).all()
        assert (fit.status, fit.diverged_at) == (whole.status, whole.diverged_at)


def test_costs_and_gradients_are_those_of_the_whole_anywhere(rng):
    X, y = many(rng)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    small = compress(X, y)
    for _ in range(20):
        w, b = rng.normal(size=4), rng.normal()
        z, z_small = predict(X, w, b), predict(small.X, w, b)
        assert cost(small.y, z_small) == pytest.approx(cost(y, z), rel=1e-10)
        for ours, theirs in zip(
            gradients(*small[:2], z_small), gradients(X, y, z), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_standardising_is_part_of_the_pass(rng):
    X, y = many(rng)
    small = compress(X, y)
    mean, deviation = X.mean(axis=0), X.std(axis=0)
    scale = fit_scaling(small.X, method="standardise")
    np.testing.assert_allclose(scale.shift, mean, rtol=1e-12)
    np.testing.assert_allclose(scale.factor, deviation, rtol=1e-12)
    Z = (X - mean) / deviation
    assert theory.stability_limit(scale.apply(small.X)) == pytest.approx(
        theory.stability_limit(Z), rel=1e-12
    )
    fit = gradient_descent(
        scale.apply(small.X), small.y, learning_rate=0.1, n_iterations=100
    )
    whole = gradient_descent(Z, y, learning_rate=0.1, n_iterations=100)
    np.testing.assert_allclose(fit.costs, whole.costs, rtol=1e-10)


def test_what_theory_says_of_the_stand_in_it_says_of_the_whole(cars):
    small = compress(*cars)
    assert theory.optimum(*small[:2]).J == pytest.approx(10.847481, abs=5e-7)
    assert theory.condition_number(small.X) == pytest.approx(136.8352, rel=1e-6)
    X, y = cars
    with_ones = np.column_stack([X, np.ones(len(y))])
    *w, _ = np.linalg.lstsq(with_ones, y)[0]
    np.testing.assert_allclose(theory.optimum(*small[:2]).w, w, rtol=1e-11)


@pytest.mark.parametrize("kind", ["memmap", "chunks", "lists", "dask"])
def test_the_same_from_wherever_the_data_come(kind, rng, tmp_path):
    X, y = many(rng)
    expected = inner_products(X, y)
    if kind == "memmap":
        np.save(tmp_path / "X.npy", X)
        small = compress(np.load(tmp_path / "X.npy", mmap_mode="r"), y)
    elif kind == "chunks":
        bounds = [0, 1, 5, 9000, 9000, 20_000, 30_000]  # a single row, and none
        pairs = zip(bounds, bounds[1:], strict=False)
        small = compress((X[a:b], y[a:b]) for a, b in pairs)
    elif kind == "lists":
        X, y = X[:50], y[:50]
        expected = inner_products(X, y)
        small = compress(X.tolist(), y.tolist())
    else:
        da = pytest.importorskip("dask.array")
        small = compress(
            da.from_array(X, chunks=(700, 3)), da.from_array(y, chunks=900)
        )
    assert small.n_samples == len(y)
    np.testing.assert_allclose(inner_products(*small[:2]), expected, rtol=1e-11)


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint16", "float32", "bool"])
def test_any_kind_of_real_number_will_do(dtype, rng):
    X = rng.integers(0, 2, size=(500, 3)).astype(dtype)
    y = rng.integers(0, 100, size=500).astype("float32")
    expected = inner_products(X.astype(float), y.astype(float))
    np.testing.assert_allclose(inner_products(*compress(X, y)[:2]), expected, 1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.data())
def test_merging_in_any_order_and_split_is_compressing_the_whole(seed, p, data):
    rng = np.random.default_rng(seed)
    n = data.draw(st.integers(1, 200))
    X, y = many(rng, n, p)
    cuts = data.draw(st.lists(st.integers(0, n), max_size=5))
    bounds = [0, *sorted(cuts), n]
    parts = [
        compress([(X[a:b], y[a:b])])
        for a, b in zip(bounds, bounds[1:], strict=False)
        if a < b
    ]
    parts = data.draw(st.permutations(parts))
    half = data.draw(st.integers(0, len(parts) - 1))
    merged = merge([*parts[:half], merge(parts[half:])])
    assert merged.n_samples == n
    assert len(merged.y) == min(n, p + 2)
    scale = np.sqrt(np.diag(inner_products(X, y)))
    np.testing.assert_allclose(
        inner_products(merged.X, merged.y) / np.outer(scale, scale),
        inner_products(X, y) / np.outer(scale, scale),
        atol=1e-13,
    )


def test_certified_weights_of_longley():
    table = np.array([line.split() for line in LONGLEY.splitlines()], dtype=float)
    X, y = table[:, 1:], table[:, 0]
    small = compress(X, y)
    np.testing.assert_allclose(solve(*small[:2]), LONGLEY_CERTIFIED, rtol=1e-8)
    deviation = np.sqrt(theory.optimum(*small[:2]).J * 16 / (16 - 7))
    assert deviation == pytest.approx(LONGLEY_RESIDUAL_DEVIATION, rel=1e-9)
    # In chunks, merged, and with centred features, as for a descent:
    parts = merge(compress(X[rows], y[rows]) for rows in np.array_split(range(16), 5))
    scale = fit_scaling(parts.X, method="standardise")
    w, b = scale.original(*theory.optimum(scale.apply(parts.X), parts.y)[:2])
    np.testing.assert_allclose([*w, b], LONGLEY_CERTIFIED, rtol=1e-8)


@pytest.mark.parametrize(("ratio", "digits"), [(1.0, 1e-6), (0.1, 1e-6)])
def test_certified_weights_of_wampler(ratio, digits):
    """NIST's "Wampler1" and "Wampler2": powers of 0 to 20, whose weights are exact."""
    x = np.arange(21.0)
    X = x[:, None] ** np.arange(1, 6)
    certified = ratio ** np.arange(6.0)
    y = X @ certified[1:] + certified[0]
    found = solve(*compress(X, y)[:2])
    np.testing.assert_allclose(found, [*certified[1:], certified[0]], rtol=digits)


def exact_optimum(X, y):
    """Set up the normal equations of integers exactly, and solve with 60 digits."""
    table = [[*map(int, row), 1, int(t)] for row, t in zip(X, y, strict=True)]
    k = len(table[0])
    gram = [[sum(r[i] * r[j] for r in table) for j in range(k)] for i in range(k - 1)]
    with mpmath.workdps(60):
        A = mpmath.matrix([[mpmath.mpf(v) for v in row[:-1]] for row in gram])
        b = mpmath.matrix([mpmath.mpf(row[-1]) for row in gram])
        return np.array([float(v) for v in mpmath.lu_solve(A, b)])


@pytest.mark.parametrize("near", [100, 10_000, 1_000_000])
def test_digits_that_inner_products_lose_are_kept(near, rng):
    """The less two features differ, the more digits XᵀX loses."""
    n = 12_000  # more than one block
    first = rng.integers(-(10**7), 10**7, size=n)
    X = np.column_stack([first, first + rng.integers(-near, near, size=n)])
    y = X @ [3, -2] + rng.integers(-near, near, size=n)
    exact = exact_optimum(X, y)
    X, y = X.astype(float), y.astype(float)
    A = np.column_stack([X, np.ones(n)])
    by_inner_products = np.linalg.solve(A.T @ A, A.T @ y)
    ours = np.array(solve(*compress(X, y)[:2]))
    error, loss = (
        np.linalg.norm((found - exact)[:2]) / np.linalg.norm(exact[:2])
        for found in (ours, by_inner_products)
    )
    # The effect of rounding the data to 16 digits on any solution: G. H. Golub and
    # C. F. Van Loan, "Matrix Computations", section 5.3.
    condition = np.linalg.cond(A / np.linalg.norm(A, axis=0))
    unexplained = np.linalg.norm(y - A @ exact) / np.linalg.norm(A @ exact)
    bound = (condition + condition**2 * unexplained) * np.finfo(float).eps
    assert error <= bound
    assert loss > {100: 1000, 10_000: 30, 1_000_000: 1}[near] * error


@pytest.mark.parametrize("drift", [0, 1, 30])
def test_the_factor_is_as_accurate_as_exact_arithmetic(drift, rng):
    rows = rng.integers(-1000, 1000, size=(6000, 3))
    rows[:, 2] += rows[:, 1] // 2 + drift * np.arange(6000)  # sorted, as in many files
    blocks = np.array_split(np.column_stack([np.ones(6000), rows]), 20)
    factor = Factor(4)
    for block in blocks:
        factor.add(block)
    whole = np.concatenate(blocks).astype(int).astype(object)
    exact = (whole.T @ whole).astype(float)
    lengths = np.sqrt(np.diag(exact))
    np.testing.assert_allclose(
        factor.R.T @ factor.R / np.outer(lengths, lengths),
        exact / np.outer(lengths, lengths),
        atol=1e-14,
    )


@pytest.mark.parametrize("jump", [1.0, 1e6, 1e12])
def test_blocks_that_do_not_resemble_those_before_lose_no_digits(jump, rng):
    """Nearly dependent columns whose scale changes within the data."""
    base = rng.normal(size=(9 * ROWS, 2))
    base[4 * ROWS :] *= jump
    X = np.column_stack([base, base.sum(axis=1) + 1e-5 * base[:, 0] ** 2])
    y = rng.normal(size=len(X))
    expected = np.linalg.qr(np.column_stack([np.ones(len(X)), X, y]), mode="r")
    small = compress(X, y)
    found = np.linalg.qr(np.column_stack([np.ones(5), *small[:2]]), mode="r")
    found *= np.sqrt(len(X) / 5)
    lengths = np.linalg.norm(expected, axis=0)
    np.testing.assert_allclose(
        np.abs(found) / lengths, np.abs(expected) / lengths, atol=1e-13
    )


def test_a_constant_column_stays_constant(rng):
    X, y = many(rng)
    X[:, 1] = 0.1
    small = compress(X, y)
    assert np.ptp(small.X[:, 1]) == 0
    np.testing.assert_allclose(
        inner_products(*small[:2]), inner_products(X, y), rtol=1e-11
    )
    with pytest.raises(ValueError, match=r"is constant \(0.1\)"):
        fit_scaling(small.X, method="standardise")


def test_features_that_depend_on_each_other_have_the_same_shortest_solution(rng):
    X, y = many(rng)
    X = np.column_stack([X, X[:, 0] - 2 * X[:, 1]])
    small = compress(X, y)
    assert theory.condition_number(small.X) == float("inf")
    A = np.column_stack([X, np.ones(len(y))])
    shortest = np.linalg.lstsq(A, y, rcond=1e-10)[0]
    small_A = np.column_stack([small.X, np.ones(len(small.y))])
    found = np.linalg.lstsq(small_A, small.y, rcond=1e-10)[0]
    np.testing.assert_allclose(found, shortest, rtol=1e-8)


def test_wildly_different_scales_keep_their_digits(rng):
    X, y = many(rng)
    units = np.array([1e-150, 1e-8, 1e9, 1e200])
    small, plain = compress(X * units, y), compress(X, y)
    np.testing.assert_allclose(
        np.corrcoef(small.X / units, rowvar=False),
        np.corrcoef(plain.X, rowvar=False),
        atol=1e-12,
    )
    spread = (small.X / units).std(axis=0)
    np.testing.assert_allclose(spread, X.std(axis=0), rtol=1e-12)


def test_a_mean_far_from_zero_costs_as_many_digits_as_it_is_large(rng):
    X, y = many(rng)
    small = compress(X + 1e8, y)
    np.testing.assert_allclose(small.X.std(axis=0), (X + 1e8).std(axis=0), rtol=1e-8)


@pytest.mark.parametrize("n", [1, 2, 5, 6, 7])
def test_few_samples_are_not_made_more(n, rng):
    X, y = many(rng, n)
    small = compress(X, y)
    assert small.X.shape == (min(n, 6), 4)
    np.testing.assert_allclose(
        inner_products(*small[:2]), inner_products(X, y), rtol=1e-11
    )
    if n < 5:
        with pytest.raises(ValueError, match=f"{n} samples? cannot determine 5"):
            gradient_descent(*small[:2], learning_rate=0.1, n_iterations=1)


def test_whole_numbers_that_repeat_are_compressed_right(rng):
    """Within a few rows, columns may be constant or linearly dependent."""
    da = pytest.importorskip("dask.array")
    for n in [*range(1, 7), *[9] * 20]:
        X, y = rng.integers(0, 3, size=(n, 4)), rng.integers(0, 9, size=n)
        blocks = da.from_array(X, chunks=(2, 4)), da.from_array(y, chunks=2)
        for small in (compress(X, y), compress(*blocks)):
            found = inner_products(*small[:2])
            np.testing.assert_allclose(found, inner_products(X, y), atol=1e-12)


def test_empty_blocks_do_not_count(rng):
    da = pytest.importorskip("dask.array")
    X, y = many(rng, 40)
    few = da.from_array(X, chunks=(1, 4)), da.from_array(y, chunks=1)
    late = few[0][:, 0] > np.inf  # nothing
    with pytest.raises(ValueError, match="sizes are unknown"):
        compress(few[0][late], few[1][late])
    none = few[0][late], few[1][late]
    for array in none:
        array.compute_chunk_sizes()
    with pytest.raises(ValueError, match="there are no samples"):
        compress(*none)
    joined = da.concatenate([none[0], few[0]]), da.concatenate([none[1], few[1]])
    np.testing.assert_allclose(
        inner_products(*compress(*joined)[:2]), inner_products(X, y), rtol=1e-11
    )


def test_differences_that_overflow_are_named():
    with pytest.raises(ValueError, match="too large: scale the data"):
        compress([[1e308], [-1e308], [1.0], [2.0]], np.ones(4))


def chunks_with(value, rng):
    X, y = many(rng, 3 * ROWS)
    X[2 * ROWS + 17, 3] = value
    return [(X[:ROWS], y[:ROWS]), (X[ROWS:], y[ROWS:])]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_named_by_chunk_and_row(value, rng):
    chunks = chunks_with(value, rng)
    place = rf"X must be finite, got {value} at index \({ROWS + 17}, 3\)"
    with pytest.raises(ValueError, match=f"^chunk 1: {place}"):
        compress(chunks)
    with pytest.raises(ValueError, match=f"^{place}"):
        compress(*chunks[1])
    with pytest.raises(ValueError, match=r"^y must be finite, got nan at index \(0,\)"):
        compress([[1.0], [2.0]], [np.nan, 1])


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        ([(np.ones((3, 2)), np.ones(3)), (np.ones((3, 1)), np.ones(3))], "chunk 1: X "),
        ([(np.ones((3, 2)), np.ones(2))], r"chunk 0: .*got \(3, 2\) and \(2,\)"),
        ([(np.ones(3), np.ones(3))], r"got \(3,\) and \(3,\)"),
        ([(np.ones((3, 1)) * 1j, np.ones(3))], "chunk 0: X must hold real numbers"),
        ([([["a"], ["b"]], np.ones(2))], "real numbers, got <U1"),
        ([(np.ones((0, 2)), np.ones(0))], "there are no samples"),
        ([], "there are no chunks"),
        (np.ones((3, 2)), "y is missing: it must come with the array X"),
        ([np.ones((3, 2))], "chunk 0: it must be a pair .* got ndarray"),
        ([(np.ones((3, 2)), np.ones(3), 3)], "chunk 0: it must be a pair"),
    ],
)
def test_wrong_chunks_are_named(chunks, message):
    with pytest.raises(ValueError, match=message):
        compress(chunks)


def test_dask_names_the_block_too(rng):
    da = pytest.importorskip("dask.array")
    X, y = many(rng, 1000)
    X[950, 0] = np.nan
    X = da.from_array(X, chunks=(100, 4))
    with pytest.raises(ValueError, match=r"chunk 9: X must be finite.*\(50, 0\)"):
        compress(X, y)
    with pytest.raises(ValueError, match="1000 rows.*999"):
        compress(X, y[1:])


def test_bits_do_not_depend_on_the_number_of_threads():
    code = (
        "import numpy as np\n"
        "from helpers.compression import compress\n"
        "from helpers.descent import gradient_descent\n"
        "rng = np.random.default_rng(1)\n"
        "for n, p in ((200_000, 7), (3000, 200)):\n"
        "    X, y = rng.normal(size=(n, p)), rng.normal(size=n)\n"
        "    for data in ((X, y), compress(X, y)[:2]):\n"
        "        fit = gradient_descent(*data, learning_rate=1e-3, n_iterations=5)\n"
        "        print(fit.path.tobytes().hex(), fit.costs.tobytes().hex())\n"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "OPENBLAS_NUM_THREADS": n, "OMP_NUM_THREADS": n},
            check=True,
            capture_output=True,
        ).stdout
        for n in "12"
    ]
    assert said[0] == said[1] != b""


def test_exact_arithmetic_agrees_that_the_cost_is_the_same():
    """One small case in fractions, so that the expected value is not rounded."""
    X, y = [[1, 2], [3, 5], [4, 4], [7, 1], [8, 0], [2, 9]], [3, 1, 4, 1, 5, 9]
    w, b = [Fraction(1, 3), Fraction(-2, 7)], Fraction(5, 9)
    exact = sum(
        (sum(wj * xj for wj, xj in zip(w, x, strict=True)) + b - t) ** 2
        for x, t in zip(X, y, strict=True)
    ) / len(y)
    small = compress(X, y)
    z = predict(small.X, np.array(w, dtype=float), float(b))
    assert cost(small.y, z) == pytest.approx(float(exact), rel=1e-13)


def test_the_cars_file_is_compressed_as_it_is_loaded():
    data = load_data("data/auto.csv", "mpg", "all")
    small = compress(data.X, data.y)
    assert isinstance(small, Compressed)
    assert small.X.mean(axis=0) == pytest.approx(data.X.mean(axis=0), rel=1e-13)
