"""The things of a computed scene: their shapes, and what they are made of.

Lengths are metres: x to the right, y into the scene, z up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
EPSILON = 1e-3
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
        a, b = dot(step, step), dot(start, step)
        root = b * b - a * (dot(start, start) - 1)
        distance = np.full(root.shape, np.inf, np.float32)
        index = np.flatnonzero(root > 0)
        half, a, b = np.sqrt(root[index]), a[index], b[index]
        for near in ((-b - half) / a, (-b + half) / a):  # through a hole in the front one sees the back
            solid = (near > EPSILON) & (near < distance[index])
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
        return np.where((enter < leave) & (enter > EPSILON), enter, f32(np.inf)).astype(np.float32)

    def normal(self, point: Floats) -> Floats:
        """Outward unit normals."""
        return self.normals[np.argmax(point @ self.normals.T - self.offsets, axis=1)]

    def corners(self) -> Floats:
        """Its corners: the points where three planes meet that lie within all others."""
        points = []
        for chosen in combinations(range(len(self.offsets)), 3):
            normals, offsets = self.normals[list(chosen)], self.offsets[list(chosen)]
            if abs(np.linalg.det(normals)) > 1e-4:
                point = np.linalg.solve(normals, offsets)
                if np.all(self.normals @ point <= self.offsets + 1e-3):
                    points.append(point)
        return np.array(points, np.float32)

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
    kind : what it is, for labels.
    """

    def __init__(self, shapes: Sequence[Shape], kind: str = "") -> None:
        self.shapes, self.kind = tuple(shapes), kind
        corners = np.concatenate([shape.corners() for shape in shapes])
        self.centre = (corners.min(axis=0) + corners.max(axis=0)) / 2
        self.radius = f32(np.linalg.norm(corners - self.centre, axis=1).max() + 0.01)

    def near(self, origin: Floats, ray: Floats) -> NDArray[np.intp]:
        """Numbers of the rays (of unit length) that meet the sphere."""
        to_centre = self.centre - origin
        along = dot(to_centre, ray)
        aside = dot(to_centre, to_centre) - along * along
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


def dot(first: Floats, second: Floats) -> Floats:
    """Multiply vectors (N, 3) or (1, 3) with others, row by row."""
    return np.asarray(first[:, 0] * second[:, 0] + first[:, 1] * second[:, 1] + first[:, 2] * second[:, 2], np.float32)
