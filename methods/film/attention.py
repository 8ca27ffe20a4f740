"""What the text makes of an image: 256 numbers, one for each place in a token.

The published network attends from L words of text to 13 824 image tokens that are keys and values both, and averages
the answers over the words. Since all after the softmax is linear, the mean of the attention's rows is enough: the
values are summed with it before they are projected, and no token is ever projected. Likewise the keys' projection can
be applied to the words in place of the tokens. (The keys' bias shifts all scores of a word alike; softmax drops it.)
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .block import full

WIDTH = 256
HEADS = 8
HEAD = WIDTH // HEADS


class TextAttention(nn.Module):
    """Multi-head attention from text to image tokens, averaged over the text."""

    def __init__(self) -> None:
        super().__init__()
        self.multihead_attn = nn.MultiheadAttention(WIDTH, HEADS)

    def forward(self, text: Tensor, tokens: Tensor, shares: Tensor) -> Tensor:
        """Weigh the places of a token.

        Parameters
        ----------
        text : (N, L, 256).
        tokens : (N, T, 256), keys and values.
        shares : (N, L), what each word counts in the mean; its rows sum to 1.

        Returns
        -------
        (N, 256), divided by the sum of its magnitudes.
        """
        module = self.multihead_attn
        assert module.in_proj_weight is not None
        assert module.in_proj_bias is not None
        to_query, to_key, to_value = module.in_proj_weight.chunk(3)
        query_bias, _, value_bias = module.in_proj_bias.chunk(3)
        queries = functional.linear(text, to_query, query_bias).unflatten(2, (HEADS, HEAD)) * HEAD**-0.5
        folded = fewer_products(text.shape[1])
        keys = None if folded else functional.linear(tokens, to_key).unflatten(2, (HEADS, HEAD))
        rows = []
        for head, key in enumerate(to_key.split(HEAD)):
            query = queries[:, :, head]
            against = tokens if keys is None else keys[:, :, head]
            scores = (query @ key if keys is None else query) @ against.transpose(1, 2)
            rows.append(shares[:, None] @ scores.softmax(dim=-1).to(shares.dtype))
        seen = torch.cat(rows, dim=1).to(tokens.dtype) @ tokens  # (N, heads, 256)
        values = to_value.unflatten(0, (HEADS, HEAD)).to(seen.dtype)
        mean = torch.einsum("nhc,hdc->nhd", seen, values).flatten(1) + value_bias
        projected = functional.linear(mean, module.out_proj.weight, module.out_proj.bias)
        return functional.normalize(full(projected), p=1, dim=-1)


def fewer_products(words: int) -> bool:
    """Say whether projecting the words of each head takes fewer products than projecting the tokens once.

    Examples
    --------
    >>> fewer_products(36), fewer_products(37)
    (True, False)
    """
    return HEADS * words * WIDTH < WIDTH * WIDTH + words * WIDTH
