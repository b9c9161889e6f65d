"""Return the live figure as text, for a web page and for JupyterLab.

The figure's JavaScript is in the modules next to this one; uPlot, which draws it, comes
with the package uplot-python. All becomes one text: nothing has to be fetched.
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
<section class="live" id="live" aria-label="Interactive gradient descent">
<noscript>An interactive figure here shows what the learning rate does; it needs
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
    """Return the live figure as a self-contained fragment of HTML.

    It keeps its setting in the page's address, such as ``#features=all&rate=0.3``.

    Parameters
    ----------
    problem : dict
        See `helpers.explore.problem.make_problem`.

    Returns
    -------
    str
        HTML, which depends on the data only.
    """
    content = json.dumps(problem, ensure_ascii=False, allow_nan=False)
    # A script must not contain what would end its element.
    script = module().replace("</script", "<\\/script").replace("<!--", "<\\!--")
    problem = content.replace("<", "\\u003c")
    return FRAGMENT.format(style=style(), problem=problem, module=script)


def style():
    """Return the figure's style sheet."""
    return _uplot("uPlot.min.css") + (HERE / "live.css").read_text(encoding="utf-8")


@cache
def module(*more):
    """Return the figure, and the modules named in `more`, as one JavaScript module.

    Only default exports are kept.
    """
    names = [*MODULES, *more]
    sources = [(HERE / f"{name}.js").read_text(encoding="utf-8") for name in names]
    links = r"^import .*? from .*?;\n|^export (?!default)"
    code = re.sub(links, "", "\n".join(sources), flags=re.MULTILINE | re.DOTALL)
    return _uplot("uPlot.iife.js") + code


def _uplot(name):
    """Return the text of a file of uPlot."""
    folder = Path(find_spec("uplot").origin).parent / "static"
    return (folder / name).read_text(encoding="utf-8")
