"""The outdoor scenes of the data set `sample`, seen in the visible and in the thermal infrared."""

from __future__ import annotations

import numpy as np

from .render import Camera, Lamp, Scene
from .shapes import Ellipsoid, Group, Material, Plane, Shape, Surface, box, convex, f32, noise, rough

_WARM = (1.0, 0.78, 0.5)  # the colour of lamps


def night_street() -> tuple[Scene, Camera]:
    """Build a street at night: lamps and headlights dazzle, people in the dark show only by their heat."""
    groups = [
        _house(-9.5, 21, -14, wall=(0.42, 0.36, 0.3), celsius=7, lit=True),
        _car(-1.7, 15, 0, (0.08, 0.1, 0.2), engine=38, lights=True),
        _car(5.3, 9.6, 180, (0.3, 0.04, 0.04), engine=9),
        _tree(9.2, 22, 6.4, 8), _tree(-5.9, 13, 4.6, 8), _tree(11.5, 34, 8, 8), _tree(-13, 33, 7.5, 8),
        _person(6.9, 24.5, 20, (0.05, 0.055, 0.07)), _person(6.1, 23.6, -15, (0.06, 0.05, 0.05)),
        _person(-3.9, 10, 80, (0.28, 0.1, 0.08)), _person(1.5, 27, 90, (0.07, 0.07, 0.09)),
        _post(3.9, 14), _post(-4.1, 30), *_woods(7, 3),
    ]  # fmt: skip
    power = (26 * _WARM[0], 26 * _WARM[1], 26 * _WARM[2])
    beam = (16.0, 15.5, 14.0)
    scene = Scene(
        tuple(groups), _road(8, 5),
        sky=((0.006, 0.008, 0.016), (0.03, 0.026, 0.03)), air=7, thermal_haze=0.002,
        lamps=(Lamp((3.0, 14, 5.2), power), Lamp((-3.2, 30, 5.2), power),
               Lamp((-2.3, 12.7, 0.68), beam, (0.02, -1, -0.09)), Lamp((-1.1, 12.7, 0.68), beam, (0.02, -1, -0.09))),
    )  # fmt: skip
    return scene, Camera(480, 360, (0.6, 0, 1.9), 0.95, 2.0)


def day_yard() -> tuple[Scene, Camera]:
    """Build a yard by day: deep shadow hides people from the visible camera, and hot walls and roofs glow."""
    green = (0.1, 0.15, 0.06)
    groups = [
        _house(5.5, 17, 12, wall=(0.62, 0.57, 0.48), celsius=16),
        _car(-5.6, 13.5, 130, (0.62, 0.62, 0.6), engine=44),
        _tree(-8.8, 20, 7.2, 14), _tree(-2.2, 24, 6.8, 14), _tree(14.5, 26, 8.2, 14), _tree(-15, 27, 8, 14),
        _bush(-1.9, 12, 1.0), _bush(-3.1, 18.5, 1.2), _bush(2.2, 20, 1.1),
        _person(0.4, 15.2, -40, green), _person(-7.4, 17.5, 20, (0.09, 0.1, 0.08)),
        _person(-1.2, 20.6, 60, (0.14, 0.14, 0.1)), *_woods(14, 5),
    ]  # fmt: skip
    scene = Scene(
        tuple(groups), _lawn(15), sun=(0.75, 0.15, 0.62), sun_light=(1.35, 1.22, 1.0),
        sky=((0.2, 0.32, 0.56), (0.6, 0.68, 0.76)), air=15, clouds=0.52, haze=0.002, haze_light=(0.55, 0.6, 0.66),
        thermal_haze=0.002,
    )  # fmt: skip
    return scene, Camera(448, 320, (0, 0, 2.4), 0.9, 3.0)


def smoke() -> tuple[Scene, Camera]:
    """Build a road in smoke: it ends the sight of the visible camera after some metres, not of the thermal one."""
    groups = [
        _sign(-2.7, 7.2), _car(1.7, 17, 0, (0.5, 0.1, 0.08), engine=36, lights=True),
        _person(-1.6, 13, 30, (0.12, 0.13, 0.2)), _person(0.2, 24, 100, (0.2, 0.2, 0.2)),
        _person(-4.4, 19, 0, (0.1, 0.12, 0.1)), _tree(-7, 18, 6, 12), _tree(7.6, 22, 6.5, 12),
        _house(9, 33, 5, wall=(0.5, 0.45, 0.4), celsius=13), *_woods(12, 11), _bush(4.9, 9, 0.9),
    ]  # fmt: skip
    scene = Scene(
        tuple(groups), _road(14, 12), sun=(-0.5, 0.3, 0.8), sun_light=(0.25, 0.24, 0.22),
        sky=((0.3, 0.34, 0.38), (0.44, 0.45, 0.46)), air=12, haze=0.075, haze_light=(0.47, 0.46, 0.45),
        thermal_haze=0.008, lamps=(Lamp((1.1, 14.7, 0.68), (9, 8.5, 8), (0, -1, -0.1)),
                                   Lamp((2.3, 14.7, 0.68), (9, 8.5, 8), (0, -1, -0.1))),
    )  # fmt: skip
    return scene, Camera(384, 288, (0, 0, 1.7), 0.95, 1.5)


def _person(x: float, y: float, turn: float, cloth: tuple[float, float, float]) -> Group:
    """Stand somebody at a place: warm face and hands, cooler clothes."""

    def head(surface: Surface) -> None:
        surface.paint(surface.point[:, 2] > 1.7, (0.05, 0.035, 0.03), 29)

    skin = Material((0.5, 0.33, 0.25), 33.5, 0.98, pattern=head)
    jacket, trousers = Material(cloth, 27.5), Material((cloth[0] * 0.6, cloth[1] * 0.6, cloth[2] * 0.7), 26)
    shoes = Material((0.04, 0.04, 0.04), 19)
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))

    def at(right: float, front: float, up: float) -> tuple[float, float, float]:
        return float(x + c * right - s * front), float(y + s * right + c * front), up

    return Group([
        Ellipsoid(at(0, 0, 1.64), (0.1, 0.11, 0.135), skin), Ellipsoid(at(0, 0, 1.49), (0.07, 0.07, 0.1), skin),
        Ellipsoid(at(0, 0, 1.2), (0.23, 0.2, 0.33), jacket), Ellipsoid(at(0, 0, 0.9), (0.19, 0.17, 0.18), trousers),
        Ellipsoid(at(-0.1, 0.1, 0.48), (0.095, 0.1, 0.46), trousers),
        Ellipsoid(at(0.1, -0.1, 0.48), (0.095, 0.1, 0.46), trousers),
        Ellipsoid(at(-0.1, 0.14, 0.05), (0.09, 0.11, 0.07), shoes),
        Ellipsoid(at(0.1, -0.06, 0.05), (0.09, 0.11, 0.07), shoes),
        Ellipsoid(at(-0.27, -0.04, 1.15), (0.075, 0.08, 0.33), jacket),
        Ellipsoid(at(0.27, 0.04, 1.15), (0.075, 0.08, 0.33), jacket),
        Ellipsoid(at(-0.28, -0.05, 0.8), (0.05, 0.05, 0.08), skin),
        Ellipsoid(at(0.28, 0.05, 0.8), (0.05, 0.05, 0.08), skin),
    ], "person")  # fmt: skip


def _car(
    x: float, y: float, turn: float, paint: tuple[float, float, float], engine: float, lights: bool = False
) -> Group:
    """Park a car; with turn = 0 it faces the camera. A running engine warms the bonnet, the grille and the tyres."""
    air = 10.0
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))

    def body(surface: Surface) -> None:
        front = -((surface.point[:, 0] - x) * -s + (surface.point[:, 1] - y) * c)  # metres ahead of the middle
        heat = np.clip((front - 0.9) / 0.5, 0, 1) * (engine - air)
        surface.celsius += heat.astype(np.float32) * f32(0.6)
        grille = (front > 2.05) & (np.abs(surface.point[:, 2] - 0.55) < 0.14)
        surface.paint(grille, (0.03, 0.03, 0.03), air + 0.9 * (engine - air))
        surface.paint(surface.point[:, 2] < 0.34, (0.03, 0.03, 0.03))

    def glass(surface: Surface) -> None:
        pane = (surface.point[:, 2] > 0.92) & (surface.point[:, 2] < 1.33) & (np.abs(surface.normal[:, 2]) < 0.9)
        surface.paint(pane, (0.05, 0.06, 0.07), air + 0.2 * (engine - air), 0.85)

    metal = Material(paint, air, 0.9, pattern=body)
    hull: list[Plane] = [(-1, 0, 0, 0.86), (1, 0, 0, 0.86), (0, -1, 0, 2.15), (0, 1, 0, 2.1)]
    hull += [(0, 0, -1, -0.22), (0, 0, 1, 0.9), (0, -0.35, 1, 1.42), (0, 0.3, 1, 1.4)]
    hull += [(0.5, 0, 1, 1.25), (-0.5, 0, 1, 1.25)]
    cabin: list[Plane] = [(-1, 0, 0.42, 1.12), (1, 0, 0.42, 1.12), (0, -1, 0.85, 1.75), (0, 1, 0.7, 2.15)]
    cabin += [(0, 0, -1, -0.8), (0, 0, 1, 1.43)]
    parts: list[Shape] = [
        convex(hull, metal).moved(x, y, 0, turn),
        convex(cabin, Material(paint, air, 0.9, pattern=glass)).moved(x, y, 0, turn),
    ]
    tyre = Material((0.03, 0.03, 0.03), air + 0.35 * (engine - air))

    def at(right: float, back: float, up: float) -> tuple[float, float, float]:
        return float(x + c * right - s * back), float(y + s * right + c * back), up

    thin, long = 0.13 + 0.2 * abs(s), 0.13 + 0.2 * abs(c)
    parts += [Ellipsoid(at(i, j, 0.32), (thin, long, 0.32), tyre) for i in (-0.8, 0.8) for j in (-1.35, 1.3)]
    glow = (7.0, 6.8, 6.2) if lights else (0.0, 0.0, 0.0)
    lens = Material((0.7, 0.7, 0.7), air + (14 if lights else 0), glow=glow)
    parts += [Ellipsoid(at(i, -2.13, 0.66), (0.15, 0.1, 0.09), lens) for i in (-0.6, 0.6)]
    rear = Material((0.5, 0.03, 0.03), air + (4 if lights else 0), glow=(1.2, 0.05, 0.03) if lights else (0, 0, 0))
    parts += [Ellipsoid(at(i, 2.09, 0.7), (0.14, 0.08, 0.08), rear) for i in (-0.6, 0.6)]
    return Group(parts, "car")


def _house(
    x: float, y: float, turn: float, wall: tuple[float, float, float], celsius: float, lit: bool = False
) -> Group:
    """Build a house with windows in all walls, a tiled roof and a warm chimney."""
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))

    front, deep, eaves, ridge = 3.6, 3.0, 5.2, 7.4

    def windows(surface: Surface) -> None:
        along_x = (surface.point[:, 0] - x) * c + (surface.point[:, 1] - y) * s
        along_y = -(surface.point[:, 0] - x) * s + (surface.point[:, 1] - y) * c
        sideways = np.abs(surface.normal[:, 0] * c + surface.normal[:, 1] * s) > 0.5
        along = np.where(sideways, along_y, along_x)
        surface.albedo *= (0.86 + 0.2 * noise(surface.point * f32([3, 3, 9])))[:, None]
        inside = np.abs(along) < np.where(sideways, deep, front) - 0.3  # no window goes round a corner
        place, floor = np.mod(along + 50, 2.0), np.mod(surface.point[:, 2], 2.7)
        frame = inside & (np.abs(place - 1) < 0.58) & (np.abs(floor - 1.55) < 0.72)
        pane = inside & (np.abs(place - 1) < 0.5) & (np.abs(floor - 1.55) < 0.64) & (np.abs(place - 1) > 0.035)
        surface.paint(frame, (0.75, 0.75, 0.72), celsius + 1)
        surface.paint(pane, (0.05, 0.06, 0.08), celsius + 5, 0.87)
        room = np.floor((along + 50) / 2).astype(int) + 3 * np.floor(surface.point[:, 2] / 2.7).astype(int)
        if lit:
            surface.paint(pane & (room % 3 == 0), glow=(0.95, 0.7, 0.36))

    def tiles(surface: Surface) -> None:
        rows = 0.8 + 0.2 * (np.mod(surface.point[:, 2], 0.24) > 0.06)
        surface.albedo *= (rows * (0.75 + 0.4 * noise(surface.point * f32(4))))[:, None]

    slope = (ridge - eaves) / (deep + 0.4)
    walls = box((-front, front), (-deep, deep), (0, eaves + 0.2), Material(wall, celsius, 0.93, pattern=windows))
    gables: list[Plane] = [(-1, 0, 0, front + 0.4), (1, 0, 0, front + 0.4)]
    slopes: list[Plane] = [(0, -slope, 1, ridge), (0, slope, 1, ridge), (0, 0, -1, -eaves)]
    roof = convex([*slopes, *gables], Material((0.36, 0.15, 0.11), celsius - 2, 0.92, pattern=tiles))
    stack = box((1.4, 2.1), (-0.9, -0.2), (6, 8.2), Material((0.35, 0.2, 0.16), celsius + 14))
    return Group([part.moved(x, y, 0, turn) for part in (walls, roof, stack)], "building")


def _leaves(celsius: float, shade: float = 1.0, size: float = 5.0) -> Material:
    """Make foliage: leaves of all directions catch the light, `size` of them to the metre."""

    def pattern(surface: Surface) -> None:
        mottle = rough(surface.point * f32(size / 2), 3)
        surface.albedo *= (0.35 + 1.3 * mottle)[:, None]
        surface.celsius += 3 * mottle - 1.5
        shifts = f32([[0, 0, 0], [31, 7, 3], [5, 43, 17]])
        leaf = np.stack([noise(surface.point * f32(1.4 * size) + shift) for shift in shifts], axis=1)
        surface.normal += f32(1.8) * (leaf - f32(0.5))
        surface.normal /= np.linalg.norm(surface.normal, axis=1, keepdims=True)

    return Material((0.11 * shade, 0.19 * shade, 0.055 * shade), celsius, 0.97, pattern=pattern)


def _tree(x: float, y: float, height: float, celsius: float) -> Group:
    """Plant a tree: a trunk and a crown of a few leafy balls."""

    def bark(surface: Surface) -> None:
        surface.albedo *= (0.6 + 0.8 * noise(surface.point * f32([9, 9, 1.5])))[:, None]

    crown, size = _leaves(celsius), height / 6
    wood = Material((0.2, 0.14, 0.09), celsius + 1, pattern=bark)
    trunk = Ellipsoid((x, y, height * 0.3), (0.21 * size, 0.21 * size, height * 0.42), wood)
    balls = ((0, 0, 0.78, 1.35), (-0.95, 0.2, 0.62, 1.05), (0.95, -0.2, 0.64, 1.1), (0.25, 0.5, 0.56, 1.1),
             (-0.3, -0.5, 0.66, 1.05))  # fmt: skip
    leaves = [
        Ellipsoid((x + i * size, y + j * size, k * height), (r * size, r * size, 0.85 * r * size), crown, holes=0.34)
        for i, j, k, r in balls
    ]
    return Group([trunk, *leaves], "vegetation")


def _bush(x: float, y: float, size: float) -> Group:
    leaves = _leaves(14.5, 0.85)
    halves = ((-0.55, 0.62), (0.5, 0.75))
    balls = [((x + i * size, y, 0.42 * size), (0.8 * size, 0.7 * size, k * size)) for i, k in halves]
    return Group([Ellipsoid(centre, radii, leaves, holes=0.25) for centre, radii in balls], "vegetation")


def _woods(celsius: float, seed: int) -> list[Group]:
    """Close the horizon with distant woods."""
    rng = np.random.default_rng(seed)
    leaves, kind = _leaves(celsius, 0.7, 0.6), "vegetation"
    places = np.linspace(-75, 75, 13) + rng.uniform(-4, 4, 13)
    return [
        Group([Ellipsoid((float(x), float(rng.uniform(75, 90)), 0), (10, 5, float(rng.uniform(5, 9.5))), leaves)], kind)
        for x in places
    ]


def _post(x: float, y: float) -> Group:
    """Put up a street lamp that reaches over the road."""
    steel = Material((0.25, 0.25, 0.26), 6, 0.8)
    lamp = Material((0.8, 0.8, 0.8), 32, glow=(14 * _WARM[0], 14 * _WARM[1], 14 * _WARM[2]))
    inwards = -0.9 if x > 0 else 0.9
    low, high = sorted((x, x + inwards))
    return Group([
        Ellipsoid((x, y, 2.7), (0.075, 0.075, 2.75), steel),
        box((low, high), (y - 0.04, y + 0.04), (5.36, 5.43), steel),
        Ellipsoid((x + inwards, y, 5.33), (0.26, 0.15, 0.09), lamp),
    ], "pole")  # fmt: skip


def _sign(x: float, y: float) -> Group:
    """Put up a road sign: its print is paint, at one temperature with its ground."""

    def letters(surface: Surface) -> None:
        u, v = (surface.point[:, 0] - x) / 0.62, (surface.point[:, 2] - 1.75) / 0.62
        edge = (np.abs(u) > 0.92) | (np.abs(v) > 0.9)
        arrow = ((np.abs(u + 0.45) < 0.09) & (np.abs(v) < 0.55)) | ((np.abs(u + 0.45) < 0.62 - np.abs(v)) & (v > 0.22))
        bars = (u > -0.05) & (u < 0.75) & (np.abs(np.mod(v + 0.075, 0.42) - 0.15) < 0.075) & (np.abs(v) < 0.6)
        surface.paint(edge | arrow | bars, (0.85, 0.85, 0.85))

    board = Material((0.04, 0.13, 0.5), 11.5, 0.9, pattern=letters)
    steel = Material((0.3, 0.3, 0.3), 11, 0.85)
    post = Ellipsoid((x, y + 0.06, 0.95), (0.045, 0.045, 1.1), steel)
    return Group([post, box((x - 0.62, x + 0.62), (y, y + 0.04), (1.13, 2.37), board)], "pole")


def _road(asphalt: float, grass: float) -> Material:
    """Lay a road of two lanes with markings, kerbs and pavements through a meadow."""

    def pattern(surface: Surface) -> None:
        x, y = surface.point[:, 0], surface.point[:, 1]
        grain = noise(surface.point * f32([14, 14, 1]))
        blades = rough(surface.point * f32([2.2, 1.1, 1]), 4)
        surface.albedo *= (0.55 + 0.9 * blades)[:, None]
        surface.celsius += 2.5 * blades - 1.2
        side = np.abs(x)
        surface.paint(side < 4.9, (0.3, 0.29, 0.28), asphalt - 1)
        joints = (side < 4.9) & (np.mod(y, 1.2) < 0.04)
        surface.paint(joints, (0.18, 0.18, 0.17))
        surface.paint(side < 3.5, (0.45, 0.44, 0.43), asphalt - 0.5)
        surface.paint(side < 3.3, (0.1, 0.1, 0.105), asphalt)
        lines = (np.abs(side - 3.05) < 0.06) | ((side < 0.07) & (np.mod(y, 4) < 2.2))
        surface.paint(lines, (0.78, 0.78, 0.74), asphalt - 0.3, 0.93)
        wheels = (np.abs(np.abs(side - 1.65) - 0.75) < 0.28) & ~lines
        surface.celsius[wheels] += 1.2
        flat = side < 4.9
        surface.albedo[flat] *= (0.8 + 0.4 * grain[flat])[:, None]
        surface.celsius[flat] += 0.5 * grain[flat]

    return Material((0.12, 0.17, 0.06), grass, 0.97, pattern=pattern)


def _lawn(celsius: float) -> Material:
    """Lay a lawn with a gravel path to the house."""

    def pattern(surface: Surface) -> None:
        x, y = surface.point[:, 0], surface.point[:, 1]
        blades = rough(surface.point * f32([2.4, 1.2, 1]), 5)
        surface.albedo *= (0.5 + blades)[:, None]
        surface.celsius += 3 * blades - 1.5
        bend = 1.4 * np.sin(y / 6) + 0.2 * (noise(surface.point * f32(1.5)) - 0.5)
        path = np.abs(x - bend) < 1.0
        stones = noise(surface.point * f32([11, 11, 1]))
        surface.paint(path, (0.46, 0.41, 0.34), celsius + 2)
        surface.albedo[path] *= (0.7 + 0.6 * stones[path])[:, None]
        surface.celsius[path] += stones[path]

    return Material((0.15, 0.24, 0.07), celsius, 0.97, pattern=pattern)
