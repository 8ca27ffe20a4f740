"""What is known of the objects in a pair: boxes for detectors, masks for segmenters."""

from .find import NoLabelsError, groups_of, labels_of
from .records import VOID, Boxes, Labels

__all__ = ["VOID", "Boxes", "Labels", "NoLabelsError", "groups_of", "labels_of"]
