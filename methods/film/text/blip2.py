"""Text features of BLIP-2's Q-Former, as FILM's authors made theirs, through the transformers library.

Li, Li, Savarese, Hoi (2023): BLIP-2: Bootstrapping Language-Image Pre-training with Frozen Image Encoders and Large
Language Models. ICML 2023. doi:10.48550/arXiv.2301.12597

A pair's text is the paragraph that lies beside it or in a folder of texts. Where there is none, BLIP-2 writes a caption
of each image; the authors had a further language model make a paragraph of such captions, which is left out here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ....datasets.pair import Pair
from ....errors import InputError, SetupError, one_line
from ....extras import install
from ...precision import current
from ..features import Features, checked
from .cache import cached, key_of
from .describe import NAMES
from .source import Gray, TextSource

MODEL = "Salesforce/blip2-itm-vit-g"
CAPTIONER = "Salesforce/blip2-opt-2.7b"
LONGEST = 512  # words that the Q-Former has places for
CAPTION = 40  # words of a caption


class Blip2(TextSource):
    """The last hidden states of BLIP-2's Q-Former that reads a text about the pair.

    Parameters
    ----------
    model : embeds; a folder, or a name on the model hub.
    texts : folder of paragraphs `<name>.txt`; by default the pairs' own texts, or else captions.
    captioner : writes the captions; a folder, or a name on the model hub.
    device : where both compute.
    """

    name = "blip2"

    def __init__(
        self, model: str = MODEL, texts: str | Path | None = None, captioner: str = CAPTIONER, device: str = "cpu"
    ) -> None:
        self.model, self.captioner, self.device = model, captioner, device
        self.texts = Path(texts).expanduser() if texts else None
        if self.texts is not None and not self.texts.is_dir():
            raise InputError(f"there is no folder of texts {self.texts}")

    def features(self, pair: Pair, a: Gray, b: Gray) -> Features:
        """Embed the text of a pair."""
        text = self._paragraph(pair)
        how = () if current() == "float32" else (current(),)
        if text is not None:
            key = key_of(self.name, self.model, text, *how)
        else:
            key = key_of(self.name, self.model, self.captioner, pair.task, a, b, *how)
        return cached(key, lambda: checked(self.embed(text or self.caption(pair.task, a, b)), pair.name))

    def check(self, pairs: Sequence[Pair]) -> None:
        """Make sure of the library, and of models that are folders: what is in the cache is no reason to load them."""
        _library()
        for model in (self.model, self.captioner):
            if len(Path(model).parts) > 2 and not Path(model).expanduser().is_dir():
                raise InputError(
                    f"there is no folder {model} with a BLIP-2 model: give its folder with --text blip2:FOLDER"
                )

    @property
    def record(self) -> dict[str, Any]:
        """Name the models, and where the texts are from."""
        texts = {"texts": str(self.texts)} if self.texts else {"captioner": self.captioner, "texts": "pair or captions"}
        return {"source": self.name, "model": self.model, **texts}

    def embed(self, text: str) -> Features:
        """Return the hidden states (L, 768) of a text, L its tokens with the two that enclose them; 512 at most."""
        import torch

        model, tokenizer = self._embedder
        tokens = tokenizer(text, return_tensors="pt", truncation=True, max_length=LONGEST)
        with torch.inference_mode():
            output = model(
                input_ids=tokens["input_ids"].to(self.device),
                attention_mask=tokens["attention_mask"].to(self.device),
            )
        return np.asarray(output.last_hidden_state[0].float().cpu().numpy())

    def caption(self, task: str, a: Gray, b: Gray) -> str:
        """Let BLIP-2 write a caption of each image, and join them."""
        captions = zip(NAMES[task], (a, b), strict=True)
        return " ".join(f"The {name} image shows {self._caption(image)}." for name, image in captions)

    def _caption(self, image: Gray) -> str:
        import torch

        model, processor = self._writer
        levels = np.round(np.repeat(image[..., None], 3, axis=2) * 255).astype(np.uint8)
        inputs = processor(images=levels, return_tensors="pt").to(self.device)
        with torch.inference_mode():
            written = model.generate(**inputs, max_new_tokens=CAPTION, do_sample=False)
        return str(processor.batch_decode(written, skip_special_tokens=True)[0]).strip().rstrip(".")

    def _paragraph(self, pair: Pair) -> str | None:
        """Read the text of a pair; None where it has none and captions are to be written."""
        path = pair.text if isinstance(pair.text, Path) else None
        if self.texts is not None:
            path = self.texts / f"{pair.name}.txt"
            if not path.is_file():
                raise InputError(f"there is no text for pair {pair.name!r}: add {path}")
        if path is None:
            return pair.text or None  # type: ignore[return-value]  # a text, since it is no path
        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"cannot read the text of pair {pair.name!r}, {path}: {one_line(error)}") from error
        if not text:
            raise InputError(f"the text of pair {pair.name!r}, {path}, is empty")
        return text

    @cached_property
    def _embedder(self) -> tuple[Any, Any]:
        transformers = _library()
        model = _load(transformers.Blip2TextModelWithProjection, self.model)
        return model.to(self.device).eval(), _load(transformers.AutoTokenizer, self.model)

    @cached_property
    def _writer(self) -> tuple[Any, Any]:
        transformers = _library()
        model = _load(transformers.Blip2ForConditionalGeneration, self.captioner)
        return model.to(self.device).eval(), _load(transformers.Blip2Processor, self.captioner)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the loaded models behind."""
        return {k: v for k, v in self.__dict__.items() if k not in ("_embedder", "_writer")}


def _library() -> Any:
    # By name: a type checker that followed the import would take our folder `datasets` for the library of that name.
    try:
        return import_module("transformers")
    except ImportError as error:
        raise SetupError(
            f"the text source blip2 needs the transformers library: {install('text')}, or choose another --text"
        ) from error


def _load(kind: Any, name: str) -> Any:
    """Load a model or tokenizer by its folder or name."""
    try:
        return kind.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise SetupError(
            f"cannot load BLIP-2 from {name!r} ({one_line(error, 120)}): give its folder with --text blip2:FOLDER, or "
            "choose another --text"
        ) from error
