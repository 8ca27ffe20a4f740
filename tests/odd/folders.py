"""Folders and lists as strangers bring them, made here: names that differ, lists of all kinds, folders of other things.

Each image is of one gray value that belongs to its pair, so that a wrong partner is seen.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fusionbench.datasets import write

NFD = unicodedata.normalize("NFD", "Zürich")
NFC = unicodedata.normalize("NFC", "Zürich")
LONG = "scene-" + "x" * 180


@dataclass(frozen=True)
class Case:
    """A folder, and what is to be said of it.

    Attributes
    ----------
    a, b : files of the sources, partners at the same place; "" for none.
    good : the names of the pairs, in the order of `a`; None for a folder that is refused.
    says : what the sentence on the folder, or on its bad pairs, says.
    bad : names of the pairs that cannot be used.
    texts : further files and what is in them.
    options : as `load_dataset` takes them; "{folder}" stands for the folder.
    more : does what else is to be done in the folder.
    """

    name: str
    a: Sequence[str] = ()
    b: Sequence[str] = ()
    good: Sequence[str] | None = ()
    says: Sequence[str] = ()
    bad: Sequence[str] = ()
    texts: dict[str, bytes] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    more: Callable[[Path], None] | None = None

    def make(self, folder: Path) -> Path:
        """Write the folder."""
        folder.mkdir(parents=True)
        for side in (self.a, self.b):
            for number, name in enumerate(side, 1):
                if name:
                    write(folder / name, image(number))
        for name, data in self.texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        if self.more is not None:
            self.more(folder)
        return folder


def image(number: int, height: int = 16, width: int = 20) -> np.ndarray:
    """Make the image of a pair: all of one value, but for a corner."""
    pixels = np.full((height, width), 10 * number, np.uint8)
    pixels[0, 0] = 255
    return pixels


def _sides(template_a: str, template_b: str, names: Sequence[str] = ("1", "2", "10")) -> dict[str, Sequence[str]]:
    return {"a": [template_a.format(name) for name in names], "b": [template_b.format(name) for name in names]}


def _link(folder: Path) -> None:
    (folder / "ir").rename(folder / "far away")
    (folder / "ir").symlink_to(folder / "far away", target_is_directory=True)


def _circle(folder: Path) -> None:
    (folder / "set" / "again").symlink_to(folder, target_is_directory=True)


def _broken_link(folder: Path) -> None:
    (folder / "vi" / "2.png").unlink()
    (folder / "vi" / "2.png").symlink_to(folder / "nowhere.png")


ABC = ("1", "2", "10")
PLAIN = {"a": ["ir/1.png", "ir/2.png", "ir/10.png"], "b": ["vi/1.png", "vi/2.png", "vi/10.png"]}

PREFIXED = [
    Case(f"{a} and {b}", **_sides(a, b), good=good)
    for a, b, good in (
        ("ir/IR{}.png", "vis/VIS{}.png", ABC),
        ("ir/ir_{}.png", "vi/vi_{}.png", ABC),
        ("ir/{}_ir.png", "vi/{}_vi.png", ABC),
        ("ir/{}-IR.png", "vi/{}-VIS.png", ABC),
        ("ir/{} ir.png", "vi/{} vi.png", ABC),
        ("ir/{}.ir.png", "vi/{}.vi.png", ABC),
        ("ir/{}.png", "vi/vi{}.png", ABC),
        ("ir/thermal_{}.png", "rgb/{}.png", ABC),
        ("thermal/thermal-{}.png", "rgb/rgb-{}.png", ABC),
        ("lwir/{}_lwir.png", "visible/{}_visible.png", ABC),
        ("IR/{}_T.png", "VIS/{}_RGB.png", ABC),
        ("ir/0{}.png", "vi/{}.png", ("01", "02", "010")),
        ("ir/{}.png", "vi/000{}.png", ABC),
        ("ir/IR00{}.png", "vi/VIS{}.png", ("001", "002", "0010")),
        ("MRI/MRI_{}.png", "CT/CT_{}.png", ABC),
        ("over/{}_over.png", "under/{}_under.png", ABC),
        ("near/near{}.png", "far/far{}.png", ABC),
        ("A/{}_A.png", "B/{}_B.png", ABC),
        ("ir/car_ir_{}.png", "vi/car_vi_{}.png", ("car_1", "car_2", "car_10")),
        ("test/ir/IR{}.png", "test/vi/VIS{}.png", ABC),
        ("ir/test/IR{}.png", "vi/test/VIS{}.png", ABC),
    )
]
ONE_FOLDER = [
    Case(f"one folder: {a} and {b}", **_sides(a, b), good=good)
    for a, b, good in (
        ("{}_th.png", "{}_rgb.png", ABC),
        ("{}_ir.png", "{}_vis.png", ABC),
        ("IR{}.png", "VIS{}.png", ABC),
        ("{}_th.png", "{}.png", ABC),
        ("{}-A.png", "{}-B.png", ABC),
        ("set0_lwir_I{}.png", "set0_visible_I{}.png", ("set0_I1", "set0_I2", "set0_I10")),
        ("images/{}_over.png", "images/{}_under.png", ("images/1", "images/2", "images/10")),
        ("{}/ir.png", "{}/vis.png", ABC),
        ("{0}/{0}_ir.png", "{0}/{0}_vi.png", ("1/1", "2/2", "10/10")),
        ("set00/V000/lwir/{}.png", "set00/V000/visible/{}.png", tuple(f"set00/V000/{n}" for n in ABC)),
        ("{}/lwir/I0.png", "{}/visible/I0.png", ("1/I0", "2/I0", "10/I0")),
        ("ir/s{}/1.png", "vi/s{}/1.png", ("s1/1", "s2/1", "s10/1")),
        ("scene_ir/{}.png", "scene_rgb/{}.png", tuple(f"scene/{n}" for n in ABC)),
    )
]
TEMPLATES = [
    Case(f"templates {a} and {b}", **_sides(*files), good=good, options={"a": a, "b": b, "task": "IVF"})
    for files, a, b, good in (
        (("ir/cam0_{}_x.png", "vis/cam1_{}_y.png"), "ir/cam0_{name}_x.png", "vis/cam1_{name}_y.png", ABC),
        (("ir/cam0_{}_x.png", "vis/cam1_{}_y.png"), "ir/cam0_{name}_x", "vis/cam1_{name}_y", ABC),
        (("ir/a[{}](+).png", "vis/b[{}](+).png"), "ir/a[{name}](+)", "vis/b[{name}](+).png", ABC),
        (("x_{}_left.png", "x_{}_right.png"), "x_{name}_left", "x_{name}_right", ABC),
        (("{}.png", "{}_q.png"), "{name}.png", "{name}_q.png", ABC),
        (("s{}/q/p.png", "s{}/r/p.png"), "s{name}/q/p", "s{name}/r/p.png", ABC),
        (("u/s{}/q/7.png", "u/s{}/r/7.png"), "u/s*/q/{name}", "u/s*/r/{name}", ("1/7", "2/7", "10/7")),
        (("u/{}/q/7.png", "u/{}/r/7.png"), "**/q/{name}", "**/r/{name}", ("u/1/7", "u/2/7", "u/10/7")),
        (("left/{}.png", "right/{}.png"), "left/", "right//", ABC),
        (("left/{}.png", "right/{}_7.png"), "left", "right/{name}_7.png", ABC),
        (("left/s{}/1.png", "right/s{}/1.png"), "left", "right", ("s1/1", "s2/1", "s10/1")),
        (("left/{}.png", "right/{}.png"), "{folder}/left", "{folder}/right", ABC),
        (("left/{}.png", "right/{}.png"), "{folder}/left/{name}", "{folder}/right/{name}", ABC),
        (("left/{}.png", "right/{}.png"), "../folder/left", "./right", ABC),
        (("left/L{}.png", "right/R{}.png"), "left/L*.png", "right/R*.png", ABC),
        (("{{left}}/{}.png", "{{right}}/{}.png"), "{left}", "{right}", ABC),
    )
]
SPELLINGS = [
    Case("accents of two signs", [f"ir/{NFD}.png"], [f"vi/{NFC}.png"], [NFD]),
    Case("case on one side", ["ir/Car.png", "ir/Man.png"], ["vi/CAR.png", "vi/man.png"], ["Car", "Man"]),
    Case("two of one case", ["ir/x.png", "ir/X.png"], ["vi/x.png", ""], ["x"], ["ir/X.png has no partner"], ["X"]),
    Case("two of one case on both sides", ["ir/x.png", "ir/X.png"], ["vi/x.png", "vi/X.png"], ["x", "X"]),
    Case("two of one case for one", ["ir/x.png", "ir/X.png"], ["vi/xx.png", ""], None, ["no image of ir has a"]),
    Case("blanks at the ends", ["ir/ 1.png", "ir/2 .png"], ["vi/1.png", "vi/2.png"], [" 1", "2 "]),
    Case("dots in names", **_sides("ir/scene.v{}.png", "vi/scene.v{}.png"), good=[f"scene.v{n}" for n in ABC]),
    Case("dashes first", **_sides("ir/-{}.png", "vi/--{}.png"), good=None, says=["--a 'ir/-{name}' --b 'vi/--{name}'"]),
    Case("per cent and braces", **_sides("ir/%s{{{}}}.png", "vi/%s{{{}}}.png"), good=[f"%s{{{n}}}" for n in ABC]),
    Case("long names", [f"ir/{LONG}.png"], [f"vi/{LONG}.png"], [LONG]),
    Case("chinese", ["ir/红外1.png"], ["vi/可见光1.png"], ["1"]),
    Case("upper extension", ["ir/1.PNG", "ir/2.Jpg"], ["vi/1.png", "vi/2.jpeg"], ["1", "2"]),
    Case("two extensions", ["ir/1.png", "ir/2.png"], ["vi/1.png", "vi/2.png"], ["2"],
         ["more than one file has this name: vi/1.jpg, vi/1.png"], ["1"],
         more=lambda f: write(f / "vi/1.jpg", image(1))),
    Case("extension chosen", ["ir/1.png"], ["vi/1.png"], ["1"], options={"a": "ir/{name}", "b": "vi/{name}.png"},
         more=lambda f: write(f / "vi/1.jpg", image(7))),
    Case("zeros for two", ["ir/01.png", "ir/1.png"], ["vi/001.png", ""], (),
         ["which of ir/01.png, ir/1.png, vi/001.png belong together is not clear"], ["01", "1", "001"]),
    Case("words for two", ["ir/IR1.png", "ir/IR2.png"], ["vi/VIS1.png", "vi/VIS2.png"], ["2"], ["is not clear"],
         ["IR1", "VIS1", "1"], more=lambda f: write(f / "vi/1.png", image(1))),
    Case("words and plain", ["ir/1.png", "ir/IR1.png"], ["vi/1.png", "vi/VIS1.png"], ["1", "IR1"]),
    Case("words within words", ["ir/iris.png", "ir/visit.png"], ["vi/iris.png", "vi/visit.png"], ["iris", "visit"]),
    Case("nothing in common", **_sides("ir/q{}.png", "vi/w{}_e.png"), good=None,
         says=["ir has q1, q2, q10; vi has w1_e, w2_e, w10_e: say --a 'ir/q{name}' --b 'vi/w{name}_e'"]),
    Case("other scenes", ["ir/car.png"], ["vi/house.png"], None, ["ir has car; vi has house: give partners one name"]),
    Case("hidden files", **PLAIN, good=ABC, texts={"ir/._1.png": b"x", "vi/.2.png": b"y", "ir/Thumbs.db": b"z"}),
    Case("a link for a folder", **PLAIN, good=ABC, more=_link),
    Case("a link in a circle", **_sides("set/{}_ir.png", "set/{}_vi.png"), more=_circle,
         good=[f"set/{n}" for n in ABC]),
    Case("a link to nothing", **PLAIN, good=["1", "10"], says=["there is no such file"], bad=["2"], more=_broken_link),
]  # fmt: skip
OTHER_THINGS = [
    Case("videos that are none", good=None, says=["cannot read the video", "0.mp4: it is no video"],
         options={"a": "ir", "b": "vi"}, texts={f"{side}/{n}.mp4": b"" for side in ("ir", "vi") for n in range(12)}),
    Case("arrays", good=None, says=["it holds 2 .npy files, 1 .mat file"], options={"a": "ir", "b": "vi"},
         texts={"ir/1.npy": b"", "ir/2.npy": b"", "ir/x.mat": b"", "vi/1.npy": b""}),
    Case("videos that are none, not asked for", good=None, says=["cannot read the video", "1.avi: it is no video"],
         texts={"ir/1.avi": b"", "vi/1.avi": b""}),
    Case("an archive", good=None, says=["it holds 1 .zip file: unpack images.zip"], texts={"images.zip": b"PK"}),
    Case("a PDF", good=None, says=["it holds 1 .pdf file"], texts={"paper.pdf": b"%PDF"}),
    Case("only hidden", good=None, says=["it holds only hidden files (._1.png)"], options={"a": "ir", "b": "vi"},
         texts={"ir/._1.png": b"", "vi/1.png": b""}),
    Case("only folders", ["ir/x/y.png"], ["vi/1.png"], None, ["no image of ir/x has a partner in vi"],
         options={"a": "ir", "b": "vi"}),
    Case("folders in vain", b=["vi/1.png"], good=None, says=["it holds only sub-folders (s1, s2)"],
         options={"a": "ir", "b": "vi"}, texts={"ir/s1/1.mp4": b"", "ir/s2/1.mp4": b""}),
    Case("no extension", b=["vi/1.png"], good=None, says=["it holds 1 file without extension"],
         options={"a": "ir", "b": "vi"}, texts={"ir/1": b""}),
    Case("empty", good=None, says=["it is empty"]),
    Case("no such folder", **PLAIN, good=None, says=["has no folder lwir; the folders there are: ir, vi"],
         options={"a": "lwir", "b": "vi"}),
    Case("no such file", **PLAIN, good=None, says=["fits --a 'ir/x{name}'", "ir has 1.png, 10.png, 2.png"],
         options={"a": "ir/x{name}", "b": "vi/{name}"}),
    Case("no such place", **PLAIN, good=None, says=["has {nmae}: there are {name} and {split}"],
         options={"a": "ir/{nmae}.png", "b": "vi/{name}"}),
    Case("no place", **PLAIN, good=None, says=["has no {name}"], options={"a": "ir/*/1.png", "b": "vi/{name}"}),
    Case("twice the same", **PLAIN, good=None, says=["--a and --b both say 'ir'"], options={"a": "ir", "b": "ir"}),
    Case("here", **PLAIN, good=None, says=["'.' is no name of a folder"], options={"a": ".", "b": "vi"}),
    Case("one of two", **PLAIN, good=None, says=["give both folders of sources"], options={"a": "ir"}),
]  # fmt: skip


def _listed(name: str, text: str | bytes, good: Sequence[str] | None, says: Sequence[str] = (), bad: Sequence[str] = (),
            file: str = "mine.txt", sides: dict[str, Sequence[str]] | None = None) -> Case:  # fmt: skip
    data = text.encode() if isinstance(text, str) else text
    return Case(f"list: {name}", **(sides or NAMES), good=good, says=says, bad=bad, texts={file: data},
                options={"split": f"{{folder}}/{file}"})  # fmt: skip


NAMES = _sides("ir/{}.png", "vi/{}.png", ("FLIR_00006", "night street", "a,b", NFC, "夜景", "1", "2", "3", "12"))
WORDS = _sides("ir/IR{}.png", "vi/VIS{}.png", ("1", "2", "3"))
PICKED = ("FLIR_00006", "2")
LISTS = [
    _listed("plain", "FLIR_00006\n2\n", PICKED),
    _listed("extensions", "FLIR_00006.jpg\n2.png\n", PICKED),
    _listed("old Mac", "FLIR_00006\r2\r", PICKED),
    _listed("Windows, a mark", "\ufeffFLIR_00006\r\n2\r\n", PICKED),
    _listed("backslashes", "ir\\FLIR_00006.jpg\r\nir\\2.jpg\r\n", PICKED),
    _listed("a drive", "D:\\my data\\ir\\FLIR_00006.jpg\nD:\\my data\\ir\\2.jpg\n", PICKED),
    _listed("other roots", "/home/x/ir/FLIR_00006.jpg\n./ir/2.jpg\n", PICKED),
    _listed("quotes", "\"FLIR_00006.jpg\"\n'2'\n", PICKED),
    _listed("Python", "['FLIR_00006.jpg',\n'2']\n", PICKED),
    _listed("commas at the end", "'FLIR_00006.jpg',\n'2',\n", PICKED),
    _listed("one line", "FLIR_00006, 2", PICKED),
    _listed("an index", "12,FLIR_00006.jpg\n13,2.jpg\n", PICKED),
    _listed("an index and blanks", "1 FLIR_00006.jpg\n2 2.jpg\n", PICKED),
    _listed("an index of numbers", "0 12\n1 3\n2 1\n", ("12", "3", "1")),
    _listed("tabs", "FLIR_00006\tday\n2\tnight\n", PICKED),
    _listed("a table", "id;name;weather\n1;FLIR_00006;day\n2;2;night\n", PICKED, file="mine.csv"),
    _listed("two columns", "ir/FLIR_00006.png vi/FLIR_00006.png\nir/2.png vi/2.png\n", PICKED),
    _listed("two columns that differ", "ir/FLIR_00006.png vi/2.png\nir/2.png vi/2.png\n", ("2",),
            ["are not of one pair (line 1 of mine.txt)"], ["FLIR_00006"]),
    _listed("two names", "ir/IR1.png,vi/VIS1.png\nir/IR3.png,vi/VIS3.png\n", ("1", "3"), sides=WORDS),
    _listed("words", "IR1.png\nVIS2\n03\n", ("1", "2", "3"), sides=WORDS),
    _listed("zeros", "FLIR_6\n002\n", PICKED),
    _listed("blanks and commas in names", "night street.png\na,b.png\n", ("night street", "a,b")),
    _listed("comments", "# test\nFLIR_00006 # the first\n\n2\n", PICKED),
    _listed("twice", "2\n2.png\nir/2\n", ("2",)),
    _listed("JSON", '["FLIR_00006.jpg", "2"]', PICKED, file="mine.json"),
    _listed("JSON of splits", '{"train": ["1"], "mine": ["FLIR_00006.jpg", "2"]}', PICKED, file="mine.json"),
    _listed("JSON of records", '[{"ir": "ir/FLIR_00006.png", "vi": "vi/FLIR_00006.png"}, {"ir": "2"}]', PICKED,
            file="mine.json"),
    _listed("JSON that ends", '["1",', None, ["line 1 of ", "is no JSON"], file="mine.json"),
    *(_listed(f"{name} in {code}", f"{name}\n2\n".encode(code), (name, "2"))
      for name in (NFC, "夜景") for code in ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32")),
    _listed("accents of two signs", f"{NFD}\n", (NFC,)),
    _listed("Latin", f"{NFC}\n2\n".encode("cp1252"), (NFC, "2")),
    _listed("Chinese", "夜景\n2\n".encode("gb18030"), ("夜景", "2")),
    _listed("no encoding", "2\nGrüße\n".encode("cp1252"), None, ["line 2 of ", "is not UTF-8"]),
    _listed("not there", "2\nzzz.png\n", ("2",),
            ["it is in the list of the split 'mine', but not in the folders (line 2"], ["zzz"]),
    _listed("an index, not there", "1,zzz.png\n2,2.png\n", ("2",), ["(line 1 of mine.txt)"], ["zzz"]),
    _listed("a blank line, not there", "# a comment\n2\n\nzzz.png\n2\n", ("2",), ["(line 4 of mine.txt)"], ["zzz"]),
    _listed("what may be two", "2\n1\n", ("2",), ["it may be 001, 01 (line 2 of mine.txt)"], ["1"],
            sides=_sides("ir/{}.png", "vi/{}.png", ("01", "001", "2"))),
    _listed("nothing", "# nothing\n\n", None, ["lists no names"]),
    _listed("an archive", b"PK\x03\x04" + bytes(40), None, ["is an archive or a workbook"]),
    _listed("bytes", bytes(range(256)), None, ["is no text"]),
    Case("list: no file", **NAMES, good=None, says=["there is no list of names"],
         options={"split": "{folder}/none.txt"}),
]  # fmt: skip

CASES = [*PREFIXED, *ONE_FOLDER, *TEMPLATES, *SPELLINGS, *OTHER_THINGS, *LISTS]

# Fused images: their names for the pairs 1, 2 and 10, of ir/IR1.png and vi/VIS1.png; None for one that is not found.
FUSED: dict[str, Sequence[str | None]] = {
    "plain": ("1.png", "2.png", "10.png"),
    "extensions": ("1.bmp", "2.tif", "10.PNG"),
    "of the sources": ("IR1.png", "IR2.png", "IR10.png"),
    "of the other source": ("vis1.png", "vis2.png", "VIS10.png"),
    "zeros": ("001.png", "002.png", "010.png"),
    "fused before": ("fused_1.png", "fused_2.png", "fused_10.png"),
    "fused behind": ("1_fused.png", "2_fused.png", "10_fused.png"),
    "both": ("fused_1_ir.png", "fused_2_ir.png", "fused_10_ir.png"),
    "between": ("TNO_fused_1.png", "TNO_fused_2.png", "TNO_fused_10.png"),
    "letters": ("F1.png", "F2.png", "F10.png"),
    "the method before": ("MyNet_1.png", "MyNet_2.png", "MyNet_10.png"),
    "the method behind": ("1-MyNet.png", "2-MyNet.png", "10-MyNet.png"),
    "another word": ("epoch30-1.png", "epoch30-2.png", "epoch30-10.png"),
    "fused, zeros": ("fused001.png", "fused002.png", "fused010.png"),
    "a folder of the data set": ("folder/1.png", "folder/2.png", "folder/10.png"),
    "two folders": ("Folder/IVF/1.png", "Folder/IVF/2.png", "Folder/IVF/10.png"),
    "a folder each": ("1/fused.png", "2/fused.png", "10/fused.png"),
    "part": ("1.png", "2.png", None),
    "unclear": ("1.png", "fused_2.png", "10.png", "2_fused.png"),
}
