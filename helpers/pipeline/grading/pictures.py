"""Pages of two reports as pictures: drawn behind the walls, made into files outside.

``python -m helpers.pipeline.grading.pictures A.pdf B.pdf 3 7`` prints the grey values
of these pages as JSON: numbers, and no file that could harm who opens it.
"""

import base64
import contextlib
import io
import json
import sys

from helpers.pipeline.command import run_command
from helpers.pipeline.errors import UserError

MOST = 3000  # pixels of a side
ZOOM = 1.0  # pixels to a point


def main():
    """Print the pages that are asked for, of both reports."""
    *paths, numbers = sys.argv[1], sys.argv[2], [int(page) for page in sys.argv[3:]]
    drawn = [draw(path, numbers) for path in paths]
    json.dump([list(pair) for pair in zip(numbers, *drawn, strict=True)], sys.stdout)


def draw(path, numbers):
    """Return for each page its width, height and grey values; None if it is missing."""
    import pypdfium2  # here, as it takes a while

    found = []
    with contextlib.closing(pypdfium2.PdfDocument(path)) as document:
        for number in numbers:
            if number > len(document):
                found.append(None)
                continue
            page = document[number - 1]
            zoom = min(ZOOM, MOST / max(page.get_size()))
            grey = page.render(scale=zoom, grayscale=True).to_numpy().squeeze()
            height, width = grey.shape
            found.append([width, height, base64.b64encode(grey.tobytes()).decode()])
    return found


def read_pictures(content):
    """Parse what `main` has printed: a page's number, and its PNG in both reports."""
    try:
        return [
            (int(number), _picture(first), _picture(second))
            for number, first, second in json.loads(content)
        ]
    except (ValueError, TypeError, RecursionError):
        raise UserError("they are not what was asked for") from None


def _picture(drawn):
    from PIL import Image

    if drawn is None:
        return None
    width, height, grey = drawn
    if not (0 < int(width) <= MOST and 0 < int(height) <= MOST):
        raise ValueError("it is too large")
    image = Image.frombytes("L", (int(width), int(height)), base64.b64decode(grey))
    content = io.BytesIO()
    image.save(content, "png", optimize=True)
    return content.getvalue()


if __name__ == "__main__":
    run_command(main)
