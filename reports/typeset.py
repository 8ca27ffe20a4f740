"""Names of metrics as papers print them: $Q^{AB/F}$ for Qabf, $Q_{MI}$ for Q_MI."""

from __future__ import annotations

# what the general rules do not give
_SPECIAL = {
    "Qabf": r"$Q^{AB/F}$", "Nabf": r"$N^{AB/F}$", "Nabf_fused_first": r"$N^{AB/F}_{\mathrm{fused\ first}}$",
    "Qcb": r"$Q_{\mathrm{CB}}$", "Qcv": r"$Q_{\mathrm{CV}}$", "Ssim": "SSIM", "Psnr": "PSNR", "Rmse": "RMSE",
    "MEF_SSIM": "MEF-{}SSIM", "MS_SSIM": "MS-{}SSIM", "Mutinf": "MI",
}  # fmt: skip
_INDEXED = ("Q", "FMI")  # what stands behind the underscore is an index


def typeset(name: str) -> str | None:
    r"""Write the name of a metric, with its convention or without, in LaTeX; None where it is printed as it is.

    Examples
    --------
    >>> print(typeset("Qabf"), typeset("Q_MI@liu"), typeset("FMI_pixel"), typeset("Avg_gradient"), typeset("EN"))
    $Q^{AB/F}$ $Q_{\mathrm{MI}}$@liu FMI$_{\mathrm{pixel}}$ Avg gradient None
    """
    base, at, convention = name.partition("@")
    if not base.replace("_", "").isalnum() or not (base + convention).isascii() or not (convention or "a").isalnum():
        return None
    written = _SPECIAL.get(base)
    if written is None and "_" in base:
        head, _, index = base.partition("_")
        index = index.replace("_", r"\ ")
        letter = f"${head}_" if len(head) == 1 else f"{head}$_"
        written = f"{letter}{{\\mathrm{{{index}}}}}$" if head in _INDEXED else base.replace("_", " ")
    if written is None and base == "Q":
        written = "$Q$"
    return None if written is None else written + at + convention
