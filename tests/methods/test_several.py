"""Methods on more than two sources: at once where the rule does so, else one after another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fusionbench.datasets import Pair, to_gray
from fusionbench.datasets.pair import Colour
from fusionbench.errors import InputError
from fusionbench.methods import Method, get_method, list_methods
from fusionbench.methods.classical import _common
from fusionbench.methods.colour import attach, chroma, mix_chroma
from fusionbench.methods.method import Gray
from fusionbench.methods.pipeline import Fused, fuse_pair

Images = list[NDArray[np.uint8]]
CLASSICAL = [info.name for info in list_methods() if not info.learned]


def exposures(number: int, colour: bool = True, size: tuple[int, int] = (40, 56)) -> Images:
    """Make exposures of one textured scene, the darkest first."""
    random = np.random.default_rng(number)
    light = cv2.GaussianBlur(random.random((*size, 3)), (0, 0), 2)
    light = (light - light.min()) / np.ptp(light) * 4
    light = light if colour else light[..., 0]
    return [(255 * np.clip(light * 2.0 ** (k - number // 2) / 2, 0, 1)).astype(np.uint8) for k in range(number)]


def fuse(method: str | Method, images: Sequence[Any], colour: Colour = "both") -> Fused:
    a, b, *further = images
    pair = Pair("p", a, b, "MEF", colour, further=tuple(further))
    return fuse_pair(get_method(method) if isinstance(method, str) else method, a, b, pair, further=further)


@pytest.mark.parametrize("name", CLASSICAL)
def test_classical_methods_take_any_number_at_once(name: str) -> None:
    method = get_method(name)
    assert method.any_number
    images = exposures(5)
    fused = fuse(method, images)
    assert fused.shown.shape == images[0].shape
    again = fuse(method, [images[0]] * 5).image  # sources that are one image give it again
    assert np.abs(again.astype(int) - fuse(method, [images[0]] * 2).image).max() <= 1


@pytest.mark.parametrize("name", [name for name in CLASSICAL if name != "dwt"])
def test_the_order_of_three_does_not_matter(name: str) -> None:
    first, second, third = exposures(3, colour=False)
    one, other = fuse(name, [first, second, third]).image, fuse(name, [third, first, second]).image
    tied = 0.02 if name == "msvd" else 0  # the basis of the first decides where singular vectors turn
    assert (np.abs(one.astype(int) - other) > 1).mean() <= tied


def test_plain_rules() -> None:
    images = exposures(5, colour=False)
    stack = np.stack(images).astype(float)
    assert np.array_equal(fuse("average", images).image, np.floor(stack.mean(0) + 0.5))
    assert np.array_equal(fuse("max", images).image, stack.max(0))


def test_detail_comes_from_the_strongest_of_all() -> None:
    random = np.random.default_rng(0)
    bands = [random.standard_normal((2, 1, 9, 11)).astype(np.float32) for _ in range(4)]
    chosen = _common.strongest(*bands)
    assert np.array_equal(np.abs(chosen), np.abs(bands).max(0))
    weights = [np.abs(band) for band in bands]
    weights[0][..., 0] = weights[1][..., 0] = weights[2][..., 0] = weights[3][..., 0] = 0
    shares = np.stack(_common.shares(weights))
    assert np.allclose(shares.sum(0), 1, atol=1e-6)
    assert np.allclose(shares[..., 0], 0.25, atol=1e-6)


def test_the_majority_of_an_area_of_many_sources() -> None:
    random = np.random.default_rng(1)
    bands = [random.standard_normal((1, 1, 12, 15)).astype(np.float32) for _ in range(3)]
    activity = [cv2.dilate(np.abs(band[0, 0]), np.ones((3, 3), np.uint8)) for band in bands]
    best = np.pad(np.argmax(activity, 0), 1, mode="edge")
    found = _common.strongest_nearby(*bands)[0, 0]
    for y in range(12):
        for x in range(15):
            area = best[y : y + 3, x : x + 3].ravel()
            votes = np.bincount(area, minlength=3)
            place = int(votes.argmax()) if votes.max() >= 5 else int(best[y + 1, x + 1])
            assert found[y, x] == bands[place][0, 0, y, x]


class Leaning(Method):
    """Three quarters of a and a quarter of b: the order shows."""

    name = "leaning"

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        assert {image.flags.writeable for image in (a, b)} == {True}
        assert len(context["pairs"][0].sources) == 2
        return 0.75 * a + 0.25 * b


class Whole(Leaning):
    """The same of whole images."""

    def fuse_images(self, a: Any, b: Any, pair: Pair) -> Any:
        return None if a.shape != b.shape else (a / 255 * 0.75 + b / 255 * 0.25)


def test_others_fuse_one_after_another_in_order() -> None:
    images = exposures(4)
    done = images[0]
    for image in images[1:]:
        done = fuse(Leaning(), [done, image]).image
    fused = fuse(Leaning(), images)
    assert np.array_equal(fused.image, done)
    wanted = attach(done, mix_chroma(*(chroma(image) for image in images)))  # colour is that of all
    assert np.array_equal(fused.shown, wanted)
    assert fused.seconds > 0
    done = images[0]
    for image in images[1:]:
        done = fuse(Whole(), [done, image]).image
    assert np.array_equal(fuse(Whole(), images).image, done)


def test_a_method_that_stops_seeing_whole_images_goes_on_with_luminance() -> None:
    first, second, third = exposures(3)
    gray = to_gray(third).astype(np.uint8)
    fused = fuse(Whole(), [first, second, gray])
    step = to_gray(fuse(Whole(), [first, second]).image).astype(np.uint8)
    assert np.array_equal(fused.image, fuse(Leaning(), [step, gray]).image)
    assert np.array_equal(fused.shown, attach(fused.image, mix_chroma(chroma(first), chroma(second))))


def test_the_sources_are_left_as_they_are() -> None:
    class Rude(Method):
        """Writes into everything."""

        name, any_number = "rude", True

        def fuse(self, a: Gray, b: Gray, *further: Gray, **context: Any) -> Gray:
            for image in context["pairs"][0].sources:
                image[:] = 0
            return a

        def fuse_images(self, a: Any, b: Any, pair: Pair, *further: Any) -> Any:
            for image in (a, b, *further):
                image[:] = 0
            return None

    images = exposures(3)
    copies = [image.copy() for image in images]
    fuse(Rude(), images)
    assert all(np.array_equal(image, copy) for image, copy in zip(images, copies, strict=True))


def test_believed_colour_of_many() -> None:
    images = exposures(3)
    assert np.array_equal(fuse("average", images, "b").shown, attach(fuse("average", images).image, chroma(images[1])))


def test_all_sources_have_to_be_given() -> None:
    a, b, c = exposures(3)
    pair = Pair("p", a, b, "MEF", further=(c,))
    with pytest.raises(InputError, match="pair 'p' has 3 sources, and 2 images are given"):
        fuse_pair(get_method("average"), a, b, pair)
    with pytest.raises(InputError, match="differ in size: 40x56 and 39x56"):
        fuse_pair(get_method("average"), a, b, pair, further=[c[1:]])


def test_a_folder_of_fused_images_needs_no_fold(tmp_path: Path) -> None:
    from fusionbench.datasets import write

    images = exposures(3)
    write(tmp_path / "p.png", images[1])
    assert np.array_equal(fuse(f"folder:{tmp_path}", images).image, images[1])
