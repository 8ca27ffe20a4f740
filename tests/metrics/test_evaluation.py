"""What may be scored, how it is asked for, and what comes back."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import isnan

import cv2
import numpy as np
import pytest
import torch

from fusionbench.errors import InputError
from fusionbench.metrics import (
    CARD,
    METRICS,
    PROTOCOLS,
    Metric,
    Protocol,
    catalog,
    evaluate,
    get_metric,
    get_protocol,
    list_metrics,
    metric,
    prepare,
    score,
    select,
)
from fusionbench.metrics.arrays import filters
from fusionbench.metrics.compiler import processor
from fusionbench.metrics.inputs import batches, policies

Images = list[np.ndarray]


@pytest.fixture
def three() -> Images:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (44, 57)).astype(np.uint8) for _ in range(3)]


@pytest.fixture
def rgb() -> Images:
    rng = np.random.default_rng(1)
    return [rng.integers(0, 256, (44, 57, 3)).astype(np.uint8) for _ in range(3)]


def test_one_triple_gives_floats_in_the_order_of_the_protocol(three: Images) -> None:
    scores = evaluate(*three)
    assert list(scores) == ["EN", "SD", "SF", "AG", "MI", "MSE", "CC", "PSNR", "SCD", "VIFF", "Qabf", "SSIM"]
    assert all(type(value) is float for value in scores.values())
    assert scores.reasons == {}


def test_images_are_not_changed(three: Images) -> None:
    for dtype in (np.uint8, np.float64):
        images = [image.astype(dtype) for image in three]
        copies = [image.copy() for image in images]
        evaluate(*images, metrics=[*METRICS])
        for image, copy in zip(images, copies, strict=True):
            np.testing.assert_array_equal(image, copy)


@pytest.mark.parametrize(("kind", "tolerance"), [(np.asarray, 0), (torch.from_numpy, 1e-9)])
def test_list_of_mixed_sizes_and_colours(
    three: Images, rgb: Images, kind: Callable[[np.ndarray], object], tolerance: float
) -> None:
    items = [three, [image[:43, :50] for image in three], rgb, [image[::-1].copy() for image in three]]
    scores = evaluate(*([kind(item[part]) for item in items] for part in range(3)))
    for i, item in enumerate(items):
        wanted = pytest.approx(evaluate(*item), rel=tolerance, abs=0)
        assert {name: float(column[i]) for name, column in scores.items()} == wanted


def test_tensors_are_scored_in_chunks(three: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = [torch.from_numpy(np.stack([image, image[::-1], image[:, ::-1]]).astype(float)) for image in three]
    batch[0].requires_grad_()
    wanted = evaluate(*batch, axes="NHW")
    monkeypatch.setattr(batches, "CHUNK", 2 * 44 * 57)
    for name, column in evaluate(*batch, axes="NHW").items():
        torch.testing.assert_close(column, wanted[name], rtol=1e-12, atol=0)


@pytest.mark.parametrize("listed", [False, True])
def test_a_long_batch_needs_the_memory_of_one_image(three: Images, listed: bool) -> None:
    def peak(count: int) -> int:
        sides = [np.stack([np.roll(image, i, 1) for i in range(count)]) for image in three]
        given = [list(side) for side in sides] if listed else sides
        own = sum(side.nbytes for side in sides)
        tracemalloc.start()
        try:
            evaluate(*given, metrics=["VIFF", "Qabf"])
            return tracemalloc.get_traced_memory()[1] - own * listed  # a list is put together to a batch
        finally:
            tracemalloc.stop()

    peak(1)
    one, many = peak(1), peak(6)
    assert many < 1.5 * one


@pytest.mark.skipif(processor() is None, reason="there is no compiler")
def test_one_pair_needs_little_memory() -> None:
    """No map of the size of the images in float64 is kept: an 8K frame would need gigabytes."""
    images = [np.random.default_rng(i).integers(0, 256, (900, 1100)).astype(np.uint8) for i in range(3)]
    evaluate(*images, metrics=CARD)
    tracemalloc.start()
    try:
        evaluate(*images, metrics=CARD)
        assert tracemalloc.get_traced_memory()[1] < 25 * images[0].size
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, ">u2"])
def test_whole_numbers_score_as_8_bit(three: Images, dtype: str) -> None:
    assert evaluate(*(image.astype(dtype) for image in three)) == evaluate(*three)
    assert evaluate(three[0].astype(dtype), *three[1:]) == evaluate(*three)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 3)])
@pytest.mark.parametrize("colour", [(), (3,)])
def test_images_of_few_pixels(size: tuple[int, int], colour: tuple[int, ...]) -> None:
    images = [np.random.default_rng(i).integers(0, 256, (*size, *colour)).astype(np.uint8) for i in range(3)]
    whole = evaluate(*images)
    assert not isnan(whole["EN"])
    assert evaluate(*(image + 0.0 for image in images)) == {n: pytest.approx(v, nan_ok=True) for n, v in whole.items()}


def test_a_single_fraction_counts(three: Images) -> None:
    changed = three[0].astype(float)
    changed[5, 7] += 0.25 if changed[5, 7] < 255 else -0.25
    scores, others = evaluate(changed, *three[1:]), evaluate(*three)
    assert all(scores[name] != others[name] for name in ("SD", "SF", "AG", "VIFF", "Qabf", "SSIM"))
    assert scores == {name: pytest.approx(value, rel=1e-3) for name, value in others.items()}


def test_array_sources_of_a_tensor_come_to_its_device(three: Images) -> None:
    f, a, b = three
    assert float(evaluate(torch.from_numpy(f), a, b)["Qabf"]) == pytest.approx(evaluate(f, a, b)["Qabf"], rel=1e-9)
    with pytest.raises(InputError, match="give tensors, or arrays"):
        evaluate(f, torch.from_numpy(a), b)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # torch's own
def test_tensors_in_memory_are_scored_as_arrays_unless_a_derivative_is_asked_for(three: Images) -> None:
    wanted, tensors = evaluate(*three), [torch.from_numpy(image.astype(float)) for image in three]
    assert {name: value.item() for name, value in evaluate(*tensors).items()} == wanted
    single, batch = evaluate(*tensors)["VIFF"], evaluate(*(x[None] for x in tensors), axes="NHW")["VIFF"]
    assert (single.shape, batch.shape, batch.dtype) == ((), (1,), torch.float64)

    def ssim(fused: torch.Tensor) -> torch.Tensor:
        return evaluate(fused, *tensors[1:], metrics="SSIM")["SSIM"]

    direction = torch.ones_like(tensors[0])
    direction[::2] = -1
    tracked = tensors[0].clone().requires_grad_()
    ssim(tracked).backward()
    slope = torch.sum(tracked.grad * direction)
    torch.testing.assert_close(torch.sum(torch.func.grad(ssim)(tensors[0]) * direction), slope)
    torch.testing.assert_close(torch.func.jvp(ssim, (tensors[0],), (direction,))[1], slope)
    with torch.autograd.forward_ad.dual_level():
        dual = ssim(torch.autograd.forward_ad.make_dual(tensors[0], direction))
        torch.testing.assert_close(torch.autograd.forward_ad.unpack_dual(dual).tangent, slope)
    with torch.no_grad():
        assert ssim(tracked).item() == wanted["SSIM"]


def test_a_gradient_of_one_side_makes_tensors_of_all(three: Images) -> None:
    f, a, b = (torch.from_numpy(image) for image in three)
    for given in ((f, a.double().requires_grad_(), b), ([f, f], [a.double(), a.double().requires_grad_()], [b, b])):
        value = evaluate(*given, metrics="SSIM")["SSIM"].sum()
        value.backward()
        tracked = next(x for side in given for x in (side if isinstance(side, list) else [side]) if x.requires_grad)
        assert float(tracked.grad.abs().sum()) > 0


def test_gray_of_all_colours_is_opencv_s() -> None:
    levels = np.arange(256, dtype=np.uint8)
    for red in (0, 1, 77, 128, 254, 255):  # all 256^3 were compared once; these decide the ties
        green, blue = np.meshgrid(levels, levels, indexing="ij")
        image = np.stack([np.full_like(green, red), green, blue], axis=-1)
        wanted = np.rint(cv2.cvtColor(image[..., ::-1].astype(np.float32), cv2.COLOR_BGR2GRAY))
        found = policies.images(np.moveaxis(image, -1, 0)[None], "gray")["mean"].data
        np.testing.assert_array_equal(found[0], wanted)


def test_equal_channels_are_gray(three: Images) -> None:
    wide = [np.repeat(image[..., None], 3, axis=-1) for image in three]
    for colour in ("gray", "rgb2gray", "channels"):
        protocol = replace(get_protocol("film"), colour=colour)
        assert evaluate(*wide, protocol=protocol) == pytest.approx(evaluate(*three), rel=1e-12)


def test_channels_are_averaged_and_a_gray_partner_serves_each(rgb: Images, three: Images) -> None:
    protocol = replace(get_protocol("film"), colour="channels")
    f, a, b = rgb[0], three[1], rgb[2]
    each = [evaluate(f[..., c], a, b[..., c]) for c in range(3)]
    scores = evaluate(f, a, b, protocol=protocol)
    for name, value in scores.items():
        assert value == pytest.approx(np.mean([s[name] for s in each]), rel=1e-12)
    batch = evaluate(f[None], a[None], b[None], protocol=protocol)
    assert {name: float(column[0]) for name, column in batch.items()} == scores


def test_luma_is_that_of_bt601(rgb: Images) -> None:
    protocol = replace(get_protocol("film"), colour="y")
    white, black = np.full((8, 8, 3), 255, np.uint8), np.zeros((8, 8, 3), np.uint8)
    assert evaluate(black, white, white, protocol=protocol, metrics="MSE")["MSE"] == (235 - 16) ** 2
    assert protocol.label == "film/1+colour=y"


def test_images_of_one_triple_have_one_size(three: Images) -> None:
    f, a, b = three
    with pytest.raises(InputError, match=r"fused 51x59, a 44x57, b 44x57\): align them, or crop or resize them first"):
        evaluate(np.pad(f, ((3, 4), (1, 1))), a, b)


def test_a_part_of_the_metrics(three: Images) -> None:
    whole = evaluate(*three)
    for asked in ("Qabf, en", ["qabf", "EN@film"], ("QABF@FILM", "EN")):
        assert evaluate(*three, metrics=asked) == {"Qabf": whole["Qabf"], "EN": whole["EN"]}


def test_keys_of_other_conventions(three: Images) -> None:
    scores = evaluate(*three, metrics=["PSNR", "psnr@vifb"])
    assert list(scores) == ["PSNR", "Psnr@vifb"]
    assert list(scores.values())[1] == evaluate(*three, protocol="vifb", metrics="Psnr")["Psnr"]


def test_keys_bring_the_colour_policy_of_their_protocol(rgb: Images) -> None:
    alone = evaluate(*rgb, protocol="vifb", metrics="Entropy")["Entropy"]
    assert evaluate(*rgb, metrics=["Entropy@vifb"])["Entropy@vifb"] == alone
    assert evaluate(*rgb, metrics="EN")["EN"] != alone


def test_a_protocol_may_hold_one_name_twice() -> None:
    mixed = Protocol("mixed", "1", ("PSNR@film", "PSNR@tang", "EN@film"), "none")
    assert list(select(mixed)) == ["PSNR@film", "PSNR@tang", "EN"]
    assert mixed.label == "mixed/1"


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ("Qabg", "unknown metric 'Qabg': did you mean 'Qabf'?"),
        (["EN", "PSNR@vifv"], "unknown metric 'PSNR@vifv': did you mean"),
        ([], "no metric is named"),
    ],
)
def test_unknown_metrics(three: Images, metrics: object, message: str) -> None:
    with pytest.raises(InputError) as error:
        evaluate(*three, metrics=metrics)  # type: ignore[arg-type]
    assert str(error.value).startswith(message)


def test_unknown_protocol(three: Images) -> None:
    with pytest.raises(InputError, match="unknown protocol 'flim': did you mean 'film'"):
        evaluate(*three, protocol="flim")
    assert get_protocol("FILM") is PROTOCOLS["film"]


@pytest.mark.parametrize("fused", [np.zeros((2, 44, 57)), [np.zeros((44, 57))] * 2], ids=["batch", "list"])
def test_batches_of_different_length(three: Images, fused: object) -> None:
    with pytest.raises(InputError, match="the batches differ in length: fused 2, a 1, b 1"):
        evaluate(fused, *three[1:])


def test_sources_are_two(three: Images) -> None:
    with pytest.raises(InputError, match="give two sources a and b"):
        evaluate(three[0], three[1])
    with pytest.raises(InputError, match="give two sources a and b"):
        evaluate(three[0], prepare(*three[1:]), three[2])


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (1, 50)])
def test_small_images_give_numbers_or_reasons(size: tuple[int, int]) -> None:
    images = [np.random.default_rng(seed).integers(0, 256, size).astype(np.uint8) for seed in range(3)]
    scores = evaluate(*images, metrics=[*METRICS])
    assert {name for name, value in scores.items() if isnan(value)} == set(scores.reasons)
    assert scores.reasons["VIFF@film" if "VIFF@film" in scores else "VIFF"].startswith("needs at least 41 pixels")
    assert all(scores.reasons.values())


def test_reasons_of_a_batch_name_the_metric() -> None:
    texture = np.random.default_rng(2).integers(0, 256, (44, 50)).astype(np.uint8)
    flat = np.full_like(texture, 9)
    scores = evaluate(np.stack([texture, flat]), np.stack([texture] * 2), np.stack([texture] * 2), metrics="CC,EN")
    np.testing.assert_array_equal(np.isnan(scores["CC"]), [False, True])
    assert scores.reasons == {"CC": "a constant image has no correlation"}


def test_sources_are_looked_at_once(three: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    sobel = filters.sobel
    gradient = sys.modules["fusionbench.metrics.formulas.gradient"]
    monkeypatch.setattr(gradient, "sobel", lambda x: (counted.append(len(x)), sobel(x))[1])
    sources = prepare(*three[1:])
    fused = [three[0], three[0][::-1], three[0][:, ::-1]]
    scores = [evaluate(image, sources) for image in fused]
    assert len(counted) == 5  # both sources once, three fused images
    assert scores == [evaluate(image, *three[1:]) for image in fused]


def test_sources_serve_every_protocol_and_a_gray_fused_image(rgb: Images) -> None:
    f, a, b = rgb
    sources = prepare(a, b)
    for fused, protocol, names in (
        (f, "film", None),
        (f, "vifb", "Ssim"),
        (f, "film", None),
        (f[:, :, 0], "film", None),
    ):
        wanted = evaluate(fused, a, b, protocol=protocol, metrics=names)
        assert evaluate(fused, sources, protocol=protocol, metrics=names) == wanted


def test_scores_by_key(three: Images) -> None:
    keys = ["Qabf@film", "PSNR@tang", "VIFF@film"]
    small = [image[:40] for image in three]
    scores = score(*small, keys)
    assert list(scores) == keys
    assert scores["PSNR@tang"] == evaluate(*small, protocol="tang", metrics="PSNR")["PSNR"]
    assert list(scores.reasons) == ["VIFF@film"]
    again = score(small[0], prepare(*small[1:]), None, keys)
    assert again == pytest.approx(scores, nan_ok=True)
    with pytest.raises(InputError, match="unknown metric 'Qabf@flim'"):
        score(*small, ["Qabf@flim"])


def test_sources_of_batches_and_lists(three: Images) -> None:
    batch = [np.stack([image, image[::-1]]) for image in three]
    lists = [[image, image[:43]] for image in three]
    for f, a, b in (batch, lists):
        sources = prepare(a, b)
        for _ in range(2):
            for name, column in evaluate(f, sources).items():
                np.testing.assert_array_equal(column, evaluate(f, a, b)[name])


def test_catalogue() -> None:
    assert [record.key for record in list_metrics()] == sorted(METRICS, key=str.casefold)
    assert {record.convention for record in list_metrics("film")} == {"film"}
    assert get_metric("qabf@FILM").key == "Qabf@film"
    for record in METRICS.values():
        assert record.summary, f"{record.key} has no formula in words"
        assert record.reference
        assert record.arrow in ("↑", "↓", "→0")
    for protocol in PROTOCOLS.values():
        assert {*protocol.metrics} <= {*METRICS}
    assert {*CARD} <= {*PROTOCOLS["film"].metrics}


def test_a_key_is_given_once() -> None:
    with pytest.raises(ValueError, match="metric EN@film is registered twice"):
        metric("EN", "film", reference="again")(lambda t: t.fused.data[:, 0, 0])
    assert get_metric("EN@film").reference != "again"


def foreign(t: object) -> object:
    """Brightest pixel."""
    return t.fused.data.max(axis=(-2, -1))  # type: ignore[attr-defined]


RECORD = Metric("Peak", "foreign", foreign, "higher", "somebody's paper", no_reference=True)


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[str]]]:
    """Loads what entry points bring, by name, and returns the warnings; the catalogue is as before afterwards."""
    before = dict(METRICS)

    def load_points(**loaders: Callable[[], object]) -> list[str]:
        points = [
            type("Point", (), {"name": name, "value": f"{name}:x", "load": lambda self, load=load: load()})()
            for name, load in loaders.items()
        ]
        monkeypatch.setattr(catalog, "entry_points", lambda group: {"fusionbench.metrics": points}[group])
        catalog.load_extensions.cache_clear()
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            catalog.load_extensions()
        return [str(one.message) for one in seen]

    yield load_points
    METRICS.clear()
    METRICS.update(before)
    catalog.load_extensions.cache_clear()


def test_a_package_that_stops_half_way_leaves_nothing_behind(three: Images, load: Callable[..., list[str]]) -> None:
    def half() -> None:
        metric("Half", "foreign", reference="none")(foreign)
        raise ImportError("no module named 'elsewhere'")

    def leave() -> None:
        raise SystemExit(1)

    messages = load(half=half, leave=leave, peak=lambda: RECORD)
    assert messages == [
        "metrics of entry point 'half' (half:x) failed to load: ImportError: no module named 'elsewhere'",
        "metrics of entry point 'leave' (leave:x) failed to load: SystemExit: 1",
    ]
    assert "Half@foreign" not in METRICS
    assert RECORD in list_metrics()
    assert evaluate(*three, metrics="Peak@foreign") == {"Peak@foreign": float(three[0].max())}


def test_a_name_that_is_taken_stays_with_its_first_owner(three: Images, load: Callable[..., list[str]]) -> None:
    wanted, taken = evaluate(*three, metrics="EN"), replace(RECORD, name="en", convention="FILM")

    def again() -> None:
        metric("Good", "foreign", reference="none")(foreign)
        metric("EN", "film", reference="none")(foreign)

    messages = load(record=lambda: taken, module=again, peak=lambda: RECORD)
    assert [line.partition("failed to load: ")[2] for line in messages] == [
        "ValueError: metric en@FILM is registered twice",
        "ValueError: metric EN@film is registered twice",
    ]
    assert evaluate(*three, metrics="EN") == wanted
    assert {"Good@foreign", "en@FILM"}.isdisjoint(METRICS)
    assert "Peak@foreign" in METRICS


def test_importing_is_light() -> None:
    heavy = {"torch", "jittor", "llvmlite", "cv2", "scipy", "pandas", "skimage", "matplotlib"}
    code = f"import sys, fusionbench.metrics as m; m.list_metrics(); print(*set(sys.modules) & {heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
