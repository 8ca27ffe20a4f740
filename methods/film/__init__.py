"""FILM: image fusion guided by a text about the pair.

Z. Zhao, L. Deng, H. Bai, Y. Cui, Z. Zhang, Y. Zhang, H. Qin, D. Chen, J. Zhang, P. Wang, L. Van Gool (2024): Image
Fusion via Vision-Language Model. Proceedings of ICML 2024. doi:10.48550/arXiv.2402.02235
"""
