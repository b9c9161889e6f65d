"""What does not move in a figure: drawn once, kept, and put below what moves."""

from matplotlib.patches import Rectangle
from matplotlib.transforms import TransformedBbox

MOST_KEPT = 96  # frames, of about 300 kB


class Scenery:
    """The frames of a figure's axes: all of them but what moves.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        On a canvas that keeps pixels.
    axes : dict of str to matplotlib.axes.Axes
        By name.
    cells : dict of str to matplotlib.transforms.Bbox
        The part of the figure that is of each of them alone.
    moving : list of matplotlib.artist.Artist
        What moves, in the order of drawing.
    """

    def __init__(self, figure, axes, cells, moving):
        self.figure, self.axes, self.cells, self.moving = figure, axes, cells, moving
        for artist in moving:
            artist.set_animated(True)
        self.background, self.kept = None, {}
        figure.canvas.mpl_connect("draw_event", self._keep)

    def draw(self, changed):
        """Draw what moves on what is kept, after a change of some axes.

        Parameters
        ----------
        changed : dict of str to object
            What these axes show now: their frames are kept under it, see `same`.
        """
        canvas = self.figure.canvas
        if self.background is None:
            canvas.draw()
            return
        canvas.restore_region(self.background)
        self.put(changed)
        if changed:
            self.background = canvas.copy_from_bbox(self.figure.bbox)
        self._draw_moving()
        canvas.blit(self.figure.bbox)

    def put(self, changed):
        """Put frames of axes into the picture, and keep them; see `draw`."""
        for name, shown in changed.items():
            self._put_frame(name, shown)

    def restore(self):
        """Have the picture again as it was before frames were put into it."""
        self.figure.canvas.restore_region(self.background)
        self._draw_moving()

    def _keep(self, event):
        """Keep the picture of all that does not move; called after a whole drawing."""
        if self.figure.canvas.is_saving():
            return  # that was for a file
        self.kept.clear()  # it may be of another size
        self.background = self.figure.canvas.copy_from_bbox(self.figure.bbox)
        self._draw_moving()

    def _put_frame(self, name, shown):
        """Put the frame of one of the axes into the picture, as it was once drawn."""
        known = (name, shown if type(shown) is tuple else id(shown))
        if known not in self.kept:
            self._draw_frame(name)
            box = TransformedBbox(self.cells[name], self.figure.transFigure)
            region = self.figure.canvas.copy_from_bbox(box)
            # With what is shown, whose id nothing else can have as long as it is here.
            self.kept[known] = (shown, region)
            if len(self.kept) > MOST_KEPT:
                del self.kept[next(iter(self.kept))]
        self.figure.canvas.restore_region(self.kept[known][1])

    def _draw_frame(self, name):
        """Draw one of the axes, without what moves, on a clean ground."""
        cell = self.cells[name]
        ground = Rectangle(
            cell.p0, cell.width, cell.height, facecolor="white", linewidth=0
        )
        ground.set_transform(self.figure.transFigure)
        ground.set_figure(self.figure)
        renderer = self.figure.canvas.get_renderer()
        ground.draw(renderer)
        self.axes[name].draw(renderer)

    def _draw_moving(self):
        for artist in self.moving:
            artist.axes.draw_artist(artist)


def same(shown, needed):
    """Say whether axes show what they need to: a description, or one and the same."""
    return shown is needed or (type(shown) is type(needed) is tuple and shown == needed)
