"""Numbers that Python and Rust compute alike (src/train/reference.rs has the other half).

uniform(name, i): FNV-1a (64 bits) of the name, plus (i + 1) times SplitMix64's increment, through SplitMix64's finaliser; the
top 24 bits divided by 2^24. So every value is exact in float32.
"""

import numpy as np

MASK = (1 << 64) - 1


def fnv1a(text):
    h = 0xCBF29CE484222325
    for byte in text.encode():
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return h


def uniform(name, count):
    """`count` float64 values in [0, 1)."""
    with np.errstate(over="ignore"):
        z = np.uint64(fnv1a(name)) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / float(1 << 24)


def symmetric(name, count, bound):
    """float32: (2u - 1) times the float32 nearest to `bound`, one rounding."""
    return (2.0 * uniform(name, count) - 1.0).astype(np.float32) * np.float32(bound)


def targets(name, images, classes):
    """Rows (image, class, cx, cy, w, h), float32: image i takes u[64 i], u[64 i + 1], …"""
    u = uniform(name, 64 * images)
    rows = []
    for i in range(images):
        v = u[64 * i : 64 * (i + 1)]
        for j in range(1 + int(v[0] * 5)):
            c, x, y, w, h = v[1 + 5 * j : 6 + 5 * j]
            rows.append([i, int(c * classes), 0.1 + 0.8 * x, 0.1 + 0.8 * y, 0.05 + 0.5 * w, 0.05 + 0.5 * h])
    return np.array(rows, dtype=np.float32).reshape(-1, 6)
