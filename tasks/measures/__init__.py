"""Measures of detectors and segmenters, of which those of each image are kept, so that images can be drawn anew.

>>> from fusionbench.tasks.measures import Confusions
>>> import numpy as np
>>> confusions = Confusions(("road", "car"))
>>> confusions.add("street", truth=np.array([[0, 1]], np.uint8), found=np.array([[0, 0]], np.uint8))
>>> confusions.scores().values["mIoU"]
0.25
"""

from .detection import Matches, detection, match
from .scores import Scores, by_group
from .segmentation import Confusions, segmentation

__all__ = ["Confusions", "Matches", "Scores", "by_group", "detection", "match", "segmentation"]
