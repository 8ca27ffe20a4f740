"""The twelve metrics of Liu et al. 2012 (doi:10.1109/TPAMI.2011.109): what they share with other conventions.

The rest is in `entropy_transfer` (Q_MI, Q_TE, Q_NCIE), `edge_transfer` (Q_G, Q_M, Q_SF), `phase` (Q_P) and
`similarity` (Q_S, Q_C, Q_Y).
"""

from __future__ import annotations

from ..catalog import adopt
from . import contrast_sensitivity, edge_transfer, entropy_transfer, phase, similarity  # noqa: F401  (they register)

adopt("Qcv@vifb", "Q_CV", "liu", note="as Qcv@vifb, of one gray channel; the only one of the twelve to be small")
adopt("Qcb@vifb", "Q_CB", "liu", note="as Qcb@vifb, of one gray channel")
