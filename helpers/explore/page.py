"""The live figure as text: for a page of its own, and for JupyterLab.

The JavaScript of the figure is in the modules beside this one; uPlot, which draws it,
comes with the package uplot-python. All becomes one text: nothing has to be fetched.
"""

import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
# In the order in which they import each other.
MODULES = [
    "model",
    "explain",
    "setting",
    "surface",
    "pictures",
    "plots",
    "controls",
    "live",
]
FRAGMENT = """\
<section class="live" id="live" aria-label="Gradient descent to play with">
<noscript>Here a figure to play with shows what a learning rate does; it needs
JavaScript.</noscript>
</section>
<style>
{style}</style>
<script type="application/json" id="live-problem">{problem}</script>
<script type="module">
{module}
const problem = JSON.parse(document.getElementById("live-problem").textContent);
new Live(document.getElementById("live"), problem, {{ address: window }});
</script>
"""


def live_html(problem):
    """Return the live figure as a fragment of HTML that needs nothing else.

    It keeps its setting in the page's address: ``#features=all&rate=0.3`` sets it.

    Parameters
    ----------
    problem : dict
        See `helpers.explore.problem.make_problem`.

    Returns
    -------
    str
        The same for the same data.
    """
    content = json.dumps(problem, ensure_ascii=False, allow_nan=False)
    # Nothing in a script may end the element that it is in.
    script = module().replace("</script", "<\\/script").replace("<!--", "<\\!--")
    problem = content.replace("<", "\\u003c")
    return FRAGMENT.format(style=style(), problem=problem, module=script)


def style():
    """Return the style sheet of the figure."""
    return _uplot("uPlot.min.css") + (HERE / "live.css").read_text(encoding="utf-8")


@cache
def module(*more):
    """Return the figure as one module of JavaScript.

    It exports nothing but what other modules, named in ``more``, export by default.
    """
    names = [*MODULES, *more]
    sources = [(HERE / f"{name}.js").read_text(encoding="utf-8") for name in names]
    between = r"^import .*? from .*?;\n|^export (?!default)"
    own = re.sub(between, "", "\n".join(sources), flags=re.MULTILINE | re.DOTALL)
    return _uplot("uPlot.iife.js") + own


def _uplot(name):
    """Return a file of the library that draws the figure."""
    folder = Path(find_spec("uplot").origin).parent / "static"
    return (folder / name).read_text(encoding="utf-8")
