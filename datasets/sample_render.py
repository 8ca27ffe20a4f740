"""A small ray caster: what a camera in the visible and one in the thermal infrared see of the same scene.

Light is computed from geometry (a sun or lamps with shadows, the sky, haze), thermal radiance from temperature and
emissivity by Planck's law at 10 micrometres. Lengths are metres: x to the right, y into the scene, z up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
_EPS = 1e-3
_PRIMES = (np.uint32(73856093), np.uint32(19349663), np.uint32(83492791))


def f32(values: ArrayLike) -> Floats:
    """Make a float32 array: a float64 constant would make everything after it twice as slow."""
    return np.asarray(values, np.float32)


@dataclass
class Surface:
    """Points of one object, and what it is like there. A pattern changes it in place."""

    point: Floats  # (N, 3)
    normal: Floats  # (N, 3)
    albedo: Floats  # (N, 3), 0..1
    celsius: Floats  # (N,)
    emissivity: Floats  # (N,)
    glow: Floats  # (N, 3) light given off

    def paint(
        self,
        where: NDArray[np.bool_],
        albedo: Sequence[float] | None = None,
        celsius: float | None = None,
        emissivity: float | None = None,
        glow: Sequence[float] | None = None,
    ) -> None:
        """Give part of the surface other properties."""
        for name, value in (("albedo", albedo), ("celsius", celsius), ("emissivity", emissivity), ("glow", glow)):
            if value is not None:
                getattr(self, name)[where] = value


Pattern = Callable[[Surface], None]
Plane = tuple[float, float, float, float]


@dataclass(frozen=True)
class Material:
    """What an object is made of."""

    albedo: tuple[float, float, float]
    celsius: float
    emissivity: float = 0.95
    glow: tuple[float, float, float] = (0.0, 0.0, 0.0)
    pattern: Pattern | None = None

    def at(self, point: Floats, normal: Floats) -> Surface:
        """Give the properties at points of an object."""
        count = len(point)
        surface = Surface(
            point,
            normal,
            np.tile(f32(self.albedo), (count, 1)),
            np.full(count, self.celsius, np.float32),
            np.full(count, self.emissivity, np.float32),
            np.tile(f32(self.glow), (count, 1)),
        )
        if self.pattern is not None:
            self.pattern(surface)
        return surface


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid; `holes` is the share of its surface that rays pass through, as through leaves."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    material: Material
    holes: float = 0.0

    def hit(self, origin: Floats, ray: Floats) -> Floats:
        """Distance along each ray, infinite where it misses."""
        scale = f32(1) / f32(self.radii)
        start, step = (origin - f32(self.centre)) * scale, ray * scale
        a, b = _dot(step, step), _dot(start, step)
        root = b * b - a * (_dot(start, start) - 1)
        distance = np.full(root.shape, np.inf, np.float32)
        index = np.flatnonzero(root > 0)
        half, a, b = np.sqrt(root[index]), a[index], b[index]
        for near in ((-b - half) / a, (-b + half) / a):  # through a hole in the front one sees the back
            solid = (near > _EPS) & (near < distance[index])
            if self.holes:
                where = (origin[index] if len(origin) > 1 else origin) + near[:, None] * ray[index]
                edge = 1 - half / np.sqrt(a)  # 0 where the ray meets the surface squarely, 1 where it grazes it
                solid &= noise(where * f32(7)) > self.holes + 0.4 * edge * edge
            distance[index[solid]] = near[solid]
        return distance

    def corners(self) -> Floats:
        """Corners of a box around it."""
        signs = np.array(list(np.ndindex(2, 2, 2)), np.float32) * 2 - 1
        return np.asarray(f32(self.centre) + signs * f32(self.radii), np.float32)

    def normal(self, point: Floats) -> Floats:
        """Outward unit normals."""
        gradient = (point - f32(self.centre)) / np.square(f32(self.radii))
        return np.asarray(gradient / np.linalg.norm(gradient, axis=1, keepdims=True), np.float32)


@dataclass(frozen=True)
class Convex:
    """The points p with `normals @ p <= offsets`."""

    normals: Floats  # (K, 3), of unit length
    offsets: Floats  # (K,)
    material: Material

    def hit(self, origin: Floats, ray: Floats) -> Floats:
        """Distance along each ray, infinite where it misses."""
        enter = np.full(len(ray), -np.inf, np.float32)
        leave = np.full(len(ray), np.inf, np.float32)
        with np.errstate(divide="ignore", invalid="ignore"):
            for normal, offset in zip(self.normals, self.offsets, strict=True):
                slope, gap = ray @ normal, offset - origin @ normal
                distance = gap / slope
                enter = np.where(slope < 0, np.maximum(enter, distance), enter)
                leave = np.where(slope > 0, np.minimum(leave, distance), leave)
                leave = np.where((slope == 0) & (gap < 0), -np.inf, leave)
        return np.where((enter < leave) & (enter > _EPS), enter, f32(np.inf)).astype(np.float32)

    def normal(self, point: Floats) -> Floats:
        """Outward unit normals."""
        return self.normals[np.argmax(point @ self.normals.T - self.offsets, axis=1)]

    def corners(self) -> Floats:
        """Its corners: the points where three planes meet that lie within all others."""
        found = []
        for chosen in combinations(range(len(self.offsets)), 3):
            normals, offsets = self.normals[list(chosen)], self.offsets[list(chosen)]
            if abs(np.linalg.det(normals)) > 1e-4:
                point = np.linalg.solve(normals, offsets)
                if np.all(self.normals @ point <= self.offsets + 1e-3):
                    found.append(point)
        return np.array(found, np.float32)

    def moved(self, x: float, y: float, z: float = 0.0, turn: float = 0.0) -> Convex:
        """Turn it about the vertical axis (in degrees), then move it."""
        c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        normals = (self.normals @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])).astype(np.float32)
        return Convex(normals, self.offsets + normals @ f32([x, y, z]), self.material)


Shape = Ellipsoid | Convex


class Group:
    """Shapes that stand together, within a sphere that most rays pass by.

    Parameters
    ----------
    shapes : the parts of a person, a car, a tree ...
    """

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self.shapes = tuple(shapes)
        corners = np.concatenate([shape.corners() for shape in shapes])
        self.centre = (corners.min(axis=0) + corners.max(axis=0)) / 2
        self.radius = f32(np.linalg.norm(corners - self.centre, axis=1).max() + 0.01)

    def near(self, origin: Floats, ray: Floats) -> NDArray[np.intp]:
        """Numbers of the rays (of unit length) that meet the sphere."""
        to_centre = self.centre - origin
        along = _dot(to_centre, ray)
        aside = _dot(to_centre, to_centre) - along * along
        return np.flatnonzero((aside < self.radius**2) & (along > -self.radius))


def convex(planes: Sequence[Plane], material: Material) -> Convex:
    """Make a convex body of planes (nx, ny, nz, offset); the normals need not have unit length."""
    table = np.array(planes, np.float64)
    length = np.linalg.norm(table[:, :3], axis=1, keepdims=True)
    return Convex((table[:, :3] / length).astype(np.float32), (table[:, 3] / length[:, 0]).astype(np.float32), material)


def box(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float], material: Material) -> Convex:
    """Make a box from its extents."""
    low: list[Plane] = [(-1, 0, 0, -x[0]), (0, -1, 0, -y[0]), (0, 0, -1, -z[0])]
    return convex([*low, (1, 0, 0, x[1]), (0, 1, 0, y[1]), (0, 0, 1, z[1])], material)


@dataclass(frozen=True)
class Lamp:
    """A point light; with `aim` a spot that falls off around this direction."""

    place: tuple[float, float, float]
    power: tuple[float, float, float]
    aim: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Scene:
    """What there is to see, and under which light.

    Attributes
    ----------
    groups, ground : the objects; the ground is the plane z = 0.
    sun, sun_light : direction to the sun, and its light (0 at night).
    sky : light from the zenith and from the horizon.
    lamps : point lights.
    haze, haze_light : extinction per metre in the visible, and the light that haze scatters.
    thermal_haze : extinction per metre in the thermal infrared, where droplets and smoke hide far less.
    air : temperature of the air in degrees Celsius.
    clouds : how much of the sky they cover.
    """

    groups: tuple[Group, ...]
    ground: Material
    sun: tuple[float, float, float] = (0.0, 0.0, 1.0)
    sun_light: tuple[float, float, float] = (0.0, 0.0, 0.0)
    sky: tuple[tuple[float, float, float], tuple[float, float, float]] = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    lamps: tuple[Lamp, ...] = ()
    haze: float = 0.0
    haze_light: tuple[float, float, float] = (0.0, 0.0, 0.0)
    thermal_haze: float = 0.0
    air: float = 10.0
    clouds: float = 0.0


@dataclass(frozen=True)
class Camera:
    """A camera that looks along y; `focal` is in image widths, `tilt` in degrees downwards."""

    width: int
    height: int
    eye: tuple[float, float, float] = (0.0, 0.0, 1.7)
    focal: float = 1.1
    tilt: float = 3.0

    def rays(self, samples: int) -> Floats:
        """Unit vectors, one for each sample of each pixel, row by row: (H * samples * W * samples, 3)."""
        columns, rows = self.width * samples, self.height * samples
        u = (np.arange(columns) + 0.5 - columns / 2) / (columns * self.focal)
        v = (np.arange(rows) + 0.5 - rows / 2) / (columns * self.focal)
        c, s = np.cos(np.radians(self.tilt)), np.sin(np.radians(self.tilt))
        grid_u, grid_v = np.meshgrid(u, v)
        ray = np.stack([grid_u, c - s * grid_v, -s - c * grid_v], axis=-1).reshape(-1, 3)
        return (ray / np.linalg.norm(ray, axis=1, keepdims=True)).astype(np.float32)


def render(scene: Scene, camera: Camera, samples: int = 2) -> tuple[Floats, Floats]:
    """Render a scene.

    Returns
    -------
    light : (H, W, 3) linear RGB in the visible.
    heat : (H, W) radiance in the thermal infrared, in units of a black body at 0 degrees Celsius.
    """
    ray = camera.rays(samples)
    origin = f32([camera.eye])
    distance, owner = _first_hit(scene, origin, ray)
    light, heat = _sky(scene, ray)
    seen = np.flatnonzero(owner > -2)
    light[seen], heat[seen] = _shade(scene, _surfaces(scene, origin + distance[seen, None] * ray[seen], owner[seen]))
    far = np.where(np.isfinite(distance), distance, f32(150))
    light = _through(light, f32(scene.haze_light), scene.haze, far)
    heat = _through(heat[:, None], planck(f32([scene.air])), scene.thermal_haze, far)[:, 0]
    size = (camera.height, samples, camera.width, samples)
    return light.reshape(*size, 3).mean((1, 3)), heat.reshape(size).mean((1, 3))


def planck(celsius: Floats) -> Floats:
    """Spectral radiance of a black body at 10 micrometres, in units of that at 0 degrees Celsius."""
    second = 14387.77 / 10  # h c / (k * 10 micrometres), in kelvin
    return np.asarray(np.expm1(second / 273.15) / np.expm1(second / (celsius + f32(273.15))), np.float32)


def noise(point: Floats) -> Floats:
    """Smooth value noise in 0..1 with features of size 1 at points (N, 3)."""
    cell = np.floor(point)
    part = (point - cell).astype(np.float32)
    part = part * part * (3 - 2 * part)
    corner = cell.astype(np.int32).view(np.uint32)
    keys = [(corner[:, axis] * prime, (corner[:, axis] + np.uint32(1)) * prime) for axis, prime in enumerate(_PRIMES)]
    x, y, z = part.T

    def mix(low: Floats, high: Floats, weight: Floats) -> Floats:
        return low + weight * (high - low)

    def edge(first: int, second: int) -> Floats:
        key = keys[0][first] ^ keys[1][second]
        return mix(_hash(key ^ keys[2][0]), _hash(key ^ keys[2][1]), z)

    return mix(mix(edge(0, 0), edge(0, 1), y), mix(edge(1, 0), edge(1, 1), y), x)


def rough(point: Floats, octaves: int = 4) -> Floats:
    """Sum of noises, each of half the size and weight of the one before, in 0..1."""
    total, weight = np.zeros(len(point), np.float32), 0.0
    for octave in range(octaves):
        total += noise(point * f32(2.0**octave)) * f32(0.5**octave)
        weight += 0.5**octave
    return total / f32(weight)


def _hash(key: NDArray[Any]) -> Floats:
    """Turn whole numbers into numbers in 0..1 without any order."""
    mixed = np.asarray((key ^ (key >> np.uint32(13))) * np.uint32(1274126177), np.uint32)
    return ((mixed ^ (mixed >> np.uint32(16))) & np.uint32(0xFFFF)).astype(np.float32) * f32(1 / 65535)


def _dot(first: Floats, second: Floats) -> Floats:
    return np.asarray(first[:, 0] * second[:, 0] + first[:, 1] * second[:, 1] + first[:, 2] * second[:, 2], np.float32)


def _first_hit(scene: Scene, origin: Floats, ray: Floats) -> tuple[Floats, NDArray[np.int32]]:
    """Distance to, and number of, the first object on each ray; the ground is -1, the sky -2."""
    with np.errstate(divide="ignore"):
        ground = -origin[:, 2] / ray[:, 2]
    distance = np.where(ground > _EPS, ground, f32(np.inf)).astype(np.float32)
    owner = np.where(np.isfinite(distance), -1, -2).astype(np.int32)
    number = 0
    for group in scene.groups:
        near = group.near(origin, ray)
        for shape in group.shapes:
            found = shape.hit(origin, ray[near])
            nearer = found < distance[near]
            distance[near[nearer]], owner[near[nearer]] = found[nearer], number
            number += 1
    return distance, owner


def _surfaces(scene: Scene, point: Floats, owner: NDArray[np.int32]) -> Surface:
    """Collect what all points are like, each on its object; -1 is the ground."""
    count = len(point)
    triples, singles = np.zeros((3, count, 3), np.float32), np.zeros((2, count), np.float32)
    whole = Surface(point, triples[0], triples[1], singles[0], singles[1], triples[2])
    shapes = [shape for group in scene.groups for shape in group.shapes]
    for index in np.unique(owner):
        here = np.flatnonzero(owner == index)
        if index < 0:
            part = scene.ground.at(point[here], np.tile(f32([0, 0, 1]), (len(here), 1)))
        else:
            part = shapes[index].material.at(point[here], shapes[index].normal(point[here]))
        for name in ("normal", "albedo", "celsius", "emissivity", "glow"):
            getattr(whole, name)[here] = getattr(part, name)
    return whole


def _shade(scene: Scene, surface: Surface) -> tuple[Floats, Floats]:
    """Light and thermal radiance that leave a surface towards the camera."""
    up = (0.5 + 0.5 * surface.normal[:, 2:]).astype(np.float32)
    zenith, horizon = f32(scene.sky[0]), f32(scene.sky[1])
    incoming = up * zenith + (1 - up) * f32(0.35) * horizon
    celsius = surface.celsius.copy()
    if any(scene.sun_light):
        sun = f32(scene.sun) / f32(np.linalg.norm(scene.sun))
        slope = np.maximum(surface.normal @ sun, 0)
        slope *= ~_shadowed(scene, surface.point, surface.normal, sun[None], f32(np.inf), slope > 0)
        incoming = incoming + slope[:, None] * f32(scene.sun_light)
        celsius += 14 * slope * (1 - surface.albedo.mean(axis=1))  # dark, sunlit surfaces are the warmest
    else:
        celsius -= 3 * np.maximum(surface.normal[:, 2], 0)  # what faces the clear night sky cools down
    for lamp in scene.lamps:
        incoming = incoming + _from_lamp(scene, surface, lamp)
    light = surface.albedo * incoming + surface.glow
    mirrored = planck(f32([scene.air - 12]))
    heat = surface.emissivity * planck(celsius) + (1 - surface.emissivity) * mirrored
    return light.astype(np.float32), heat.astype(np.float32)


def _from_lamp(scene: Scene, surface: Surface, lamp: Lamp) -> Floats:
    towards = f32(lamp.place) - surface.point
    length = np.linalg.norm(towards, axis=1)
    towards = (towards / length[:, None]).astype(np.float32)
    weight = np.maximum(_dot(surface.normal, towards), 0) / np.maximum(length, 0.3) ** 2
    if lamp.aim is not None:
        aim = f32(lamp.aim) / f32(np.linalg.norm(lamp.aim))
        weight *= np.clip((-(towards @ aim) - 0.82) / 0.15, 0, 1)
    reached = weight * max(lamp.power) > 4e-3
    weight *= ~_shadowed(scene, surface.point, surface.normal, towards, length - 0.35, reached)
    return np.asarray(weight[:, None] * f32(lamp.power), np.float32)


def _shadowed(
    scene: Scene, point: Floats, normal: Floats, towards: Floats, length: Floats, ask: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether something stands between points and a light, for those points that ask."""
    asking = np.flatnonzero(ask)
    start = (point + f32(0.01) * normal)[asking]
    ray = np.broadcast_to(towards, point.shape)[asking]
    limit = np.broadcast_to(length, len(point))[asking]
    lit = np.ones(len(asking), bool)
    for group in scene.groups:
        near = group.near(start, ray)
        near = near[lit[near]]
        for shape in group.shapes:
            hit = shape.hit(start[near], ray[near]) < limit[near]
            lit[near[hit]] = False
            near = near[~hit]
    blocked = np.zeros(len(point), bool)
    blocked[asking] = ~lit
    return blocked


def _sky(scene: Scene, ray: Floats) -> tuple[Floats, Floats]:
    """Light and thermal radiance of the sky in each direction: cold overhead, as warm as the air at the horizon."""
    height = np.clip(ray[:, 2:], 0, 1) ** f32(0.45)
    light = height * f32(scene.sky[0]) + (1 - height) * f32(scene.sky[1])
    celsius = scene.air - 3 - 42 * height[:, 0]
    if scene.clouds:
        above = np.flatnonzero(ray[:, 2] > 0.01)
        plane = ray[above] / ray[above, 2:] * f32([0.9, 0.45, 0])
        cover = np.clip((rough(plane, 5) - 1 + scene.clouds) * 5, 0, 1) * np.minimum(ray[above, 2] * 12, 1)
        bright = f32(scene.sky[1]) * f32(1.25)
        light[above] += cover[:, None] * (bright - light[above])
        celsius[above] += cover * (scene.air - 8 - celsius[above])
    return light.astype(np.float32), planck(celsius.astype(np.float32))


def _through(values: Floats, scattered: Floats, extinction: float, distance: Floats) -> Floats:
    """Let light pass through haze: it loses its own, and gains what the haze scatters."""
    if not extinction:
        return values
    kept = np.exp(-f32(extinction) * distance)[:, None]
    return np.asarray(values * kept + scattered * (1 - kept), np.float32)
