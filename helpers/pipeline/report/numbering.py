"""Number sections, equations, figures, tables and listings on the page.

The numbers are those of LaTeX in print, which counts in the order of the document.
"""

import re
from collections import Counter
from html import escape

from helpers.pipeline.errors import UserError, did_you_mean
from helpers.pipeline.report.markdown import KINDS

HEADING = re.compile(r"<h([2-6])(.*?)>(.*?)</h\1>", re.DOTALL)
# Left out of the table of contents, whose entries are links already.
LINK = re.compile(r'<a [^>]*role="doc-noteref">.*?</a>|</?a\b[^>]*>', re.DOTALL)
EQUATION = re.compile(
    r'<span class="equation" id="(.*?)">(<math.*?</math>|<span.*?</span>)', re.DOTALL
)
REFERENCE = re.compile(r'(<a class="reference" href="#(.*?)">)(</a>)')
MAX_LEVEL = 4  # headings below h4 have no numbers


class Numbering:
    """The numbers given so far.

    `names` has the text of a reference to each label, such as ``Figure 2``; `contents`
    has the level, label, number and text of each heading.
    """

    def __init__(self):
        self.names, self.contents = {}, []
        self._counts, self._sections, self._appendix = Counter(), [], False

    def begin_appendix(self):
        """Use letters for the sections that follow."""
        self._sections, self._appendix = [], True

    def number(self, text):
        """Return HTML with its headings and labelled equations numbered."""
        text = EQUATION.sub(self._equation, text)
        return HEADING.sub(self._heading, text)

    def next(self, label):
        """Return the number of the next figure, table, listing or equation."""
        kind = label.partition(":")[0]
        self._counts[kind] += 1
        number = str(self._counts[kind])
        self._name(label, f"({number})" if kind == "eq" else f"{KINDS[kind]} {number}")
        return number

    def refer(self, text):
        """Return HTML with a name in every reference, or raise UserError."""
        return REFERENCE.sub(self._reference, text)

    def _name(self, label, name):
        if label in self.names:
            raise UserError(f"Label `{label}' multiply defined")
        self.names[label] = name

    def _equation(self, match):
        number = f"({self.next(match[1])})"
        # An equation may be wider than a phone: it scrolls on its own, also by keys.
        about = f'id="{match[1]}" tabindex="0" role="group" aria-label="{number}"'
        begin = f'<span class="equation" {about}>'
        return f'{begin}{match[2]}<span class="number">{number}</span>'

    def _heading(self, match):
        level, attributes, text = int(match[1]), *match.group(2, 3)
        label, number = "".join(re.findall(r'\sid="(.*?)"', attributes)), ""
        if level <= MAX_LEVEL and "unnumbered" not in attributes:
            number = self._section(level - 2)
        if label:
            self._name(label, f"{KINDS.get(label.partition(':')[0])} {number}")
        label = label or f"section-{number or len(self.contents)}"
        self.contents.append((level, label, number, LINK.sub("", text)))
        prefix = f'<span class="number">{number}</span> ' if number else ""
        return f'<h{level} id="{label}">{prefix}{text}</h{level}>'

    def _section(self, depth):
        """Return the number of the next section of this depth; the highest is 0."""
        counts = [*self._sections, 0, 0, 0][: depth + 1]
        counts[depth] += 1
        self._sections = counts
        first = chr(ord("@") + counts[0]) if self._appendix else counts[0]
        return ".".join(map(str, [first, *counts[1:]]))

    def _reference(self, match):
        label = match[2]
        if label not in self.names:
            hint = did_you_mean(label, self.names)
            raise UserError(f"Reference `{label}' undefined{hint}")
        return match[1] + escape(self.names[label].replace(" ", "\xa0")) + match[3]
