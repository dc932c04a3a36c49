"""The table of shapes that are not plain numbers."""

from audit.redact.shapes import network, people, secrets, torn
from audit.redact.shapes.shape import Shape

SHAPES: tuple[Shape, ...] = secrets.SHAPES + network.SHAPES + people.SHAPES + torn.SHAPES

__all__ = ["SHAPES", "Shape"]
