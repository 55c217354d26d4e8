"""Photographs of a handwritten digit, rendered, so that the right answer is known."""

import io

import numpy as np
from PIL import Image
from scipy import ndimage

KINDS = ("plain", "lit", "tinted", "lined", "squared", "shadow", "light on dark")
INKS = np.array([[30, 30, 30], [30, 40, 120], [130, 30, 40], [60, 60, 60]])


def write_digit(digit: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Enlarge and turn a digit, and place it on a sheet: 0, paper, to 1, ink."""
    side = generator.integers(160, 360)
    size = int(side * generator.uniform(0.45, 0.75))
    large = Image.fromarray(digit).resize((size, size), Image.Resampling.BICUBIC)
    turned = large.rotate(generator.uniform(-10, 10), Image.Resampling.BICUBIC)
    sheet = np.zeros((side, side))
    top, left = generator.integers(0, side - size, 2)
    sheet[top : top + size, left : left + size] = np.asarray(turned) / 255
    return np.clip((sheet - 0.3) / 0.3, 0, 1)


def photograph(
    ink: np.ndarray, kind: str, generator: np.random.Generator
) -> np.ndarray:
    """Photograph a sheet, as one of `KINDS`: uint8 of shape (height, width, 3)."""
    paper = np.full((*ink.shape, 3), generator.uniform(190, 250))
    colour = INKS[generator.integers(len(INKS))]
    if kind == "tinted":
        paper *= generator.uniform(0.75, 1, 3)
    if kind == "light on dark":
        paper[:], colour = generator.uniform(20, 60), generator.uniform(180, 240)
    gap = generator.integers(18, 34)
    if kind in ("lined", "squared"):
        paper[gap // 2 :: gap] = 0.5 * paper[gap // 2 :: gap] + [60, 75, 105]
    if kind == "squared":
        paper[:, gap // 2 :: gap] = 0.5 * paper[:, gap // 2 :: gap] + [60, 75, 105]
    pixels = paper * (1 - ink[..., np.newaxis]) + colour * ink[..., np.newaxis]
    y, x = (place / place.max() for place in np.mgrid[: ink.shape[0], : ink.shape[1]])
    if kind not in ("plain", "light on dark"):
        angle = generator.uniform(0, 2 * np.pi)
        across = np.cos(angle) * (x - 0.5) + np.sin(angle) * (y - 0.5)
        pixels *= 1 - generator.uniform(0.1, 0.5) * (
            0.5 + 0.7 * across[..., np.newaxis]
        )
    if kind == "shadow":
        lit = x + generator.uniform(-0.3, 0.3) * y > generator.uniform(0.2, 0.8)
        lit = ndimage.gaussian_filter(lit.astype(float), generator.uniform(1, 6))
        dim = generator.uniform(0.6, 0.85)
        pixels *= (dim + (1 - dim) * lit)[..., np.newaxis]
    pixels = ndimage.gaussian_filter(pixels, (1, 1, 0))
    pixels += generator.normal(0, generator.uniform(1, 8), pixels.shape)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def as_file(image: Image.Image | np.ndarray, **options: object) -> io.BytesIO:
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    file = io.BytesIO()
    picture.save(file, **{"format": "PNG"} | options)
    return file
