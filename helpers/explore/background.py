"""The part of a figure that does not move: drawn once, kept, and put below the rest."""

from matplotlib.patches import Rectangle
from matplotlib.transforms import TransformedBbox

MOST_KEPT = 96  # frames, of about 300 kB


class Background:
    """The frames of a figure's axes: everything but what moves.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        On a canvas that keeps pixels.
    axes : dict of str to matplotlib.axes.Axes
        By name.
    cells : dict of str to matplotlib.transforms.Bbox
        The part of the figure that belongs to each of them alone.
    moving : list of matplotlib.artist.Artist
        What moves, in the order of drawing.
    """

    def __init__(self, figure, axes, cells, moving):
        self.figure, self.axes, self.cells, self.moving = figure, axes, cells, moving
        for artist in moving:
            artist.set_animated(True)
        self.picture, self.kept = None, {}
        figure.canvas.mpl_connect("draw_event", self._keep)

    def draw(self, changed):
        """Draw the figure after the frames of some axes have changed.

        Parameters
        ----------
        changed : dict of str to hashable
            What these axes show now. Their frames are kept under it.
        """
        canvas = self.figure.canvas
        if self.picture is None:
            canvas.draw()
            return
        canvas.restore_region(self.picture)
        self.put(changed)
        if changed:
            self.picture = canvas.copy_from_bbox(self.figure.bbox)
        self._draw_moving()
        canvas.blit(self.figure.bbox)

    def put(self, changed):
        """Put frames into the picture as they were once drawn; see `draw`."""
        canvas = self.figure.canvas
        for name, shown in changed.items():
            if (name, shown) not in self.kept:
                self._draw_frame(name)
                box = TransformedBbox(self.cells[name], self.figure.transFigure)
                self.kept[name, shown] = canvas.copy_from_bbox(box)
                if len(self.kept) > MOST_KEPT:
                    del self.kept[next(iter(self.kept))]
            canvas.restore_region(self.kept[name, shown])

    def restore(self):
        """Take back what was put into the picture since it was drawn."""
        self.figure.canvas.restore_region(self.picture)
        self._draw_moving()

    def _keep(self, event):
        """Keep the picture without what moves, whenever the canvas was drawn whole."""
        if self.figure.canvas.is_saving():
            return  # that was for a file
        self.kept.clear()  # the size may have changed
        self.picture = self.figure.canvas.copy_from_bbox(self.figure.bbox)
        self._draw_moving()

    def _draw_frame(self, name):
        """Draw one of the axes, without what moves, on white."""
        cell, renderer = self.cells[name], self.figure.canvas.get_renderer()
        white = Rectangle(
            cell.p0, cell.width, cell.height, facecolor="white", linewidth=0
        )
        white.set_transform(self.figure.transFigure)
        white.set_figure(self.figure)
        white.draw(renderer)
        self.axes[name].draw(renderer)

    def _draw_moving(self):
        for artist in self.moving:
            artist.axes.draw_artist(artist)
