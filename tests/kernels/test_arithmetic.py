"""Runs use the same arithmetic on all processors of a type."""

import contextlib
import os
import platform
import subprocess
import sys

import pytest

from helpers import ROOT
from helpers.pipeline.kernels import arithmetic
from helpers.pipeline.kernels.forked import ForkedKernel
from helpers.pipeline.kernels.warm import warm_kernels

SHOW_ARITHMETIC = """
from hashlib import sha256
from threadpoolctl import threadpool_info
import numpy as np
from numpy._core._multiarray_umath import __cpu_features__ as has

rng = np.random.default_rng(1)
A = rng.normal(size=(300, 40))
print([(i["architecture"], i["num_threads"]) for i in threadpool_info()])
print(has["X86_V3"], has["X86_V4"])
for values in (np.exp(A), A.T @ A, A[:9, 0].dot(A[:9]), np.linalg.qr(A, mode="r")):
    print(sha256(values.tobytes()).hexdigest())
"""
LEVEL_3 = "fpu avx avx2 bmi1 bmi2 f16c fma abm movbe"
MODERN = f"processor\t: 0\nmodel name\t: Some Model\nflags\t\t: {LEVEL_3}\n"
OLD = MODERN.replace(" avx2", "")
ARM = "processor\t: 0\nFeatures\t: fp asimd\nCPU part\t: 0xd40\n"


def arithmetic_with(environment):
    """Return the arithmetic of an interpreter with these environment variables."""
    command = [sys.executable, "-W", "error", "-c", SHOW_ARITHMETIC]
    clean = {k: v for k, v in os.environ.items() if k not in arithmetic.INSTRUCTIONS}
    done = subprocess.run(
        command, env=clean | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def arithmetic_of_a_kernel():
    """Return the arithmetic of a kernel of the sweep."""
    with contextlib.closing(ForkedKernel(ROOT)) as kernel:
        cell = {"id": "a", "source": SHOW_ARITHMETIC, "counts": True}
        printed = [m["content"].get("text", "") for m in kernel.execute(cell, bool)]
    return "".join(printed).splitlines()


@pytest.mark.skipif(not arithmetic.instructions(), reason="needs x86-64, level 3")
@pytest.mark.parametrize(
    "set_by_the_user",
    [
        {},
        {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": "X86_V3"},
        {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
    ],
)
def test_kernels_use_the_instructions_that_all_processors_have(
    monkeypatch, set_by_the_user
):
    for name in arithmetic.settings():
        monkeypatch.delenv(name, raising=False)
    for name, value in set_by_the_user.items():
        monkeypatch.setenv(name, value)
    with warm_kernels(["numpy"]):
        inside = arithmetic_of_a_kernel()
    assert inside[0] == "[('Haswell', 1)]"
    assert inside[1] == "True False"
    assert inside == arithmetic_with(arithmetic.settings())
    assert {name: os.environ.get(name) for name in set_by_the_user} == set_by_the_user


@pytest.mark.skipif(not arithmetic.instructions(), reason="needs x86-64, level 3")
def test_other_instructions_give_other_bits():
    other = {"OPENBLAS_CORETYPE": "Prescott", "NPY_ENABLE_CPU_FEATURES": "X86_V2"}
    assert (
        arithmetic_with(arithmetic.settings())[3:]
        != arithmetic_with(arithmetic.settings() | other)[3:]
    )


@pytest.mark.parametrize(
    ("system", "cpuinfo", "chosen", "named"),
    [
        ("linux", MODERN, True, "x86-64-v3"),
        ("linux", OLD, False, "a_machine Some Model"),
        ("linux", ARM, False, "a_machine 0xd40"),
        ("linux", None, False, "a_machine"),
        ("darwin", None, False, "a_machine Apple M1"),
    ],
)
def test_processors_without_these_instructions_are_named(
    tmp_path, monkeypatch, system, cpuinfo, chosen, named
):
    about = tmp_path / "cpuinfo"
    if cpuinfo:
        about.write_text(cpuinfo)
    monkeypatch.setattr(arithmetic, "CPU_INFO", about)
    monkeypatch.setattr(platform, "machine", lambda: "a_machine")
    monkeypatch.setattr(sys, "platform", system)
    answer = subprocess.CompletedProcess([], 0, "Apple M1\n")
    monkeypatch.setattr(subprocess, "run", lambda *command, **options: answer)
    assert bool(arithmetic.instructions()) == chosen
    assert arithmetic.processors() == named


def test_another_program_can_be_run_with_this_arithmetic():
    show = "import os; print(os.environ['OMP_NUM_THREADS'])"
    run = [sys.executable, "-m", "helpers.pipeline.kernels.arithmetic"]
    command = [*run, sys.executable, "-c", show]
    assert subprocess.check_output(command, cwd=ROOT, text=True) == "1\n"
