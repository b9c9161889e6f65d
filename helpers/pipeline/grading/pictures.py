"""Pages of two reports as pictures: drawn in the sandbox, made into files outside.

``python -m helpers.pipeline.grading.pictures A.pdf B.pdf 3 7`` prints the grey values
of these pages as JSON: only numbers, so no file that could harm whoever opens it.
"""

import base64
import contextlib
import io
import json
import sys

from helpers.pipeline.command import run_command
from helpers.pipeline.errors import UserError

LARGEST = 3000  # pixels of a side
ZOOM = 1.0  # pixels to a point


def main():
    """Print the requested pages of both reports."""
    *paths, numbers = sys.argv[1], sys.argv[2], [int(page) for page in sys.argv[3:]]
    drawn = [draw(path, numbers) for path in paths]
    json.dump([list(pair) for pair in zip(numbers, *drawn, strict=True)], sys.stdout)


def draw(path, numbers):
    """Return width, height and grey values of each page; None if it is missing."""
    import pypdfium2  # here, as it takes a while

    pages = []
    with contextlib.closing(pypdfium2.PdfDocument(path)) as document:
        for number in numbers:
            if number > len(document):
                pages.append(None)
                continue
            page = document[number - 1]
            zoom = min(ZOOM, LARGEST / max(page.get_size()))
            grey = page.render(scale=zoom, grayscale=True).to_numpy().squeeze()
            height, width = grey.shape
            pages.append([width, height, base64.b64encode(grey.tobytes()).decode()])
    return pages


def read_pictures(content):
    """Parse the output of `main`: a number and a PNG of each report, for every page."""
    try:
        return [
            (int(number), _picture(first), _picture(second))
            for number, first, second in json.loads(content)
        ]
    except (ValueError, TypeError, RecursionError):
        raise UserError("the pictures cannot be read") from None


def _picture(drawn):
    from PIL import Image

    if drawn is None:
        return None
    width, height, grey = drawn
    if not (0 < int(width) <= LARGEST and 0 < int(height) <= LARGEST):
        raise ValueError("the picture is too large")
    image = Image.frombytes("L", (int(width), int(height)), base64.b64decode(grey))
    content = io.BytesIO()
    image.save(content, "png", optimize=True)
    return content.getvalue()


if __name__ == "__main__":
    run_command(main)
