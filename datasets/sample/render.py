"""A small ray caster: what a camera in the visible and one in the thermal infrared see of the same scene.

Light is computed from geometry (a sun or lamps with shadows, the sky, haze), thermal radiance from temperature and
emissivity by Planck's law at 10 micrometres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .shapes import EPSILON, Floats, Group, Material, Surface, dot, f32, rough


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


def seen(scene: Scene, camera: Camera) -> NDArray[np.int64]:
    """Say which group of the scene is seen in the middle of each pixel: (H, W); the ground is -1, the sky -2."""
    _, owner = _first_hit(scene, f32([camera.eye]), camera.rays(1))
    group_of = [number for number, group in enumerate(scene.groups) for _ in group.shapes]
    return np.array([*group_of, -2, -1])[owner].reshape(camera.height, camera.width)


def planck(celsius: Floats) -> Floats:
    """Spectral radiance of a black body at 10 micrometres, in units of that at 0 degrees Celsius."""
    second = 14387.77 / 10  # h c / (k * 10 micrometres), in kelvin
    return np.asarray(np.expm1(second / 273.15) / np.expm1(second / (celsius + f32(273.15))), np.float32)


def _first_hit(scene: Scene, origin: Floats, ray: Floats) -> tuple[Floats, NDArray[np.int32]]:
    """Distance to, and number of, the first object on each ray; the ground is -1, the sky -2."""
    with np.errstate(divide="ignore"):
        ground = -origin[:, 2] / ray[:, 2]
    distance = np.where(ground > EPSILON, ground, f32(np.inf)).astype(np.float32)
    owner = np.where(np.isfinite(distance), -1, -2).astype(np.int32)
    number = 0
    for group in scene.groups:
        near = group.near(origin, ray)
        for shape in group.shapes:
            reach = shape.hit(origin, ray[near])
            nearer = reach < distance[near]
            distance[near[nearer]], owner[near[nearer]] = reach[nearer], number
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
    weight = np.maximum(dot(surface.normal, towards), 0) / np.maximum(length, 0.3) ** 2
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
    share = np.exp(-f32(extinction) * distance)[:, None]
    return np.asarray(values * share + scattered * (1 - share), np.float32)
