"""The typeface of figures: the page's if TeX has it, otherwise matplotlib's own."""

import os
import shutil
import subprocess
import sys

from project import need

CODE = """
import io
import matplotlib as mpl
from matplotlib.figure import Figure
from helpers.figures.typeface import in_figure, use_typeface
print(use_typeface())
figure = Figure()
figure.text(0.5, 0.5, r"a rate $\\eta = 10^{-3}$")
figure.text(0.5, 0.2, "10⁻³")
figure.text(0.5, 0.8, in_figure("$, руб. за м⁻²") + " and $x$")
file = io.BytesIO()
figure.savefig(file, format="pdf", metadata={"CreationDate": None})
print(b"Pagella" in file.getvalue())
print(in_figure("Diện_tích(₫/ℓ)", "it"), in_figure("价格", "it"))
"""


def run(path):
    environment = os.environ | {"PATH": path}
    command = [sys.executable, "-c", CODE]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert not done.stderr
    return done.stdout.split()


def test_figures_have_the_typeface_of_the_page():
    need(shutil.which("kpsewhich"), "LaTeX")
    assert run(os.environ["PATH"]) == ["True", "True", "Diện_tích(₫/ℓ)", "it"]


def test_without_tex_figures_are_drawn_all_the_same(tmp_path):
    assert run(str(tmp_path)) == ["False", "False", "Diện_tích(₫/ℓ)", "it"]
