"""The table of shapes that are not plain numbers."""

from audit.redact.shapes import network, people, secrets
from audit.redact.shapes.shape import Shape

SHAPES: tuple[Shape, ...] = secrets.SHAPES + network.SHAPES + people.SHAPES

__all__ = ["SHAPES", "Shape"]
