"""Where a method was published, as short as the tables of papers say it."""

from __future__ import annotations

import re

# what the field calls them; of others the important words are kept
SHORT = {
    "IEEE Transactions on Image Processing": "TIP",
    "IEEE Transactions on Pattern Analysis and Machine Intelligence": "TPAMI",
    "IEEE Transactions on Circuits and Systems for Video Technology": "TCSVT",
    "IEEE Transactions on Multimedia": "TMM",
    "IEEE Transactions on Communications": "TCOM",
    "IEEE Transactions on Instrumentation and Measurement": "TIM",
    "IEEE Transactions on Computational Imaging": "TCI",
    "IEEE Transactions on Neural Networks and Learning Systems": "TNNLS",
    "IEEE Transactions on Geoscience and Remote Sensing": "TGRS",
    "IEEE Signal Processing Letters": "SPL",
    "IEEE/CAA Journal of Automatica Sinica": "JAS",
    "International Journal of Computer Vision": "IJCV",
    "Information Fusion": "Inf. Fus.",
    "Infrared Physics & Technology": "IPT",
    "Pattern Recognition Letters": "PRL",
    "Pattern Recognition": "PR",
    "Defence Science Journal": "DSJ",
    "Graphical Models and Image Processing": "GMIP",
    "Neurocomputing": "Neurocomp.",
}
MOST = 16  # letters, from which the words of an unknown venue are cut


def paper(venue: str, year: int | None) -> str:
    """Write venue and year of a paper for the cell of a table; "" where neither is known.

    Examples
    --------
    >>> paper("IEEE Transactions on Image Processing", 2013), paper("ICML", 2024), paper("", None)
    ('TIP 2013', 'ICML 2024', '')
    >>> paper("Journal of Applied Remote Sensing", 2019)
    'J. Appl. Remo. Sens. 2019'
    """
    name = SHORT.get(venue, venue)
    if len(name) > MOST:
        words = [word for word in re.split(r"[\s:/,&-]+", name) if word[:1].isupper()]
        name = " ".join(word if len(word) <= 5 else ("J." if word == "Journal" else f"{word[:4]}.") for word in words)
    return " ".join(filter(None, [name, str(year or "")]))
