"""Seeded chance, written again from its description: sfc32, its state taken from SHA-256 of seed and key."""

import hashlib
import math

MASK = 0xFFFFFFFF


class Random:
    def __init__(self, path):
        self.path = path
        digest = hashlib.sha256(path.encode("latin-1")).digest()
        self.a, self.b, self.c, self.counter = (
            int.from_bytes(digest[at : at + 4], "little") for at in (0, 4, 8, 12)
        )

    def fork(self, key):
        return Random(f"{self.path} {key}")

    def identifier(self, key, digits):
        return hashlib.sha256(f"{self.path} {key}".encode("latin-1")).hexdigest()[:digits]

    def word(self):
        total = (self.a + self.b + self.counter) & MASK
        self.counter = (self.counter + 1) & MASK
        self.a = self.b ^ (self.b >> 9)
        self.b = (self.c + (self.c << 3)) & MASK
        self.c = ((self.c << 21) | (self.c >> 11)) & MASK
        self.c = (self.c + total) & MASK
        return total

    def uniform(self):
        high = self.word() >> 5
        return (high * 67108864 + (self.word() >> 6)) / 9007199254740992

    def chance(self, probability):
        return self.uniform() < probability

    def integer(self, low, high):
        return low + math.floor(self.uniform() * (high - low + 1))

    def sample(self, population, count):
        chosen = set()
        for limit in range(population - count, population):
            candidate = self.integer(0, limit)
            chosen.add(limit if candidate in chosen else candidate)
        return sorted(chosen)

    def lognormal(self, median, sigma):
        """Box-Muller, drawn again beyond two sigma."""
        while True:
            radius = math.sqrt(-2 * math.log(1 - self.uniform()))
            normal = radius * math.cos(2 * math.pi * self.uniform())
            if abs(normal) <= 2:
                return median * math.exp(sigma * normal)


def time_around(random, median_ms, sigma):
    """At most an hour."""
    return min(random.lognormal(median_ms, sigma), 3_600_000)
