"""The live figure as text: for a page of its own, and for JupyterLab.

The JavaScript of the figure is in the modules beside this one; ECharts, which draws it,
comes with the package panel. All becomes one text, so that nothing has to be fetched.
"""

import json
import re
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
# In the order in which they import each other.
MODULES = ("model", "theory", "explain", "setting", "plots", "controls", "live")
NO_SCRIPT = (
    "Here a figure to play with shows what a learning rate does; it needs JavaScript."
)
FRAGMENT = """\
<section class="live" id="{identifier}" aria-label="Gradient descent to play with">
<noscript>{no_script}</noscript>
</section>
<style>
{style}</style>
<script>{library}</script>
<script type="application/json" id="{identifier}-problem">{problem}</script>
<script type="module">
{module}
const element = document.getElementById("{identifier}");
const problem = document.getElementById("{identifier}-problem").textContent;
mount(element, JSON.parse(problem), {{ address: window }});
</script>
"""


def live_html(problem, identifier="live"):
    """Return the live figure as a fragment of HTML that needs nothing else.

    It keeps its setting in the page's address: ``#features=all&rate=0.3`` sets it.

    Parameters
    ----------
    problem : dict
        See `helpers.explore.problem.make_problem`.
    identifier : str
        Of its element.

    Returns
    -------
    str
        The same for the same data.
    """
    content = json.dumps(problem, ensure_ascii=False, allow_nan=False)
    return FRAGMENT.format(
        identifier=escape(identifier),
        no_script=NO_SCRIPT,
        style=style(),
        library=_inline(library()),
        problem=content.replace("<", "\\u003c"),
        module=_inline(module()),
    )


def style():
    """Return the style sheet of the figure."""
    return (HERE / "live.css").read_text(encoding="utf-8")


@cache
def module():
    """Return the JavaScript of the figure as one module, which exports nothing."""
    sources = ((HERE / f"{name}.js").read_text(encoding="utf-8") for name in MODULES)
    own = re.compile(
        r"^import .*? from .*?;\n|^export (?=\w)", re.MULTILINE | re.DOTALL
    )
    return "\n".join(own.sub("", source) for source in sources)


@cache
def library():
    """Return ECharts as a script that sets the global name `echarts`."""
    folder = Path(find_spec("panel").origin).parent / "dist" / "bundled" / "echarts"
    [path] = folder.rglob("echarts.min.js")
    # As in a plain page, also where a loader of modules is about.
    source = path.read_text(encoding="utf-8")
    return f"(function (exports, module, define) {{{source}}}).call(globalThis);"


def _inline(script):
    """Return a script in which nothing ends the element that it is in."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
