"""The image classifier of program.tn: its weights, its batches and its work. NumPy only.

Names and axes are Tenon's: pictures [row, column, channel], kernels [row, column, group, input,
output].
"""
import dataclasses

import numpy as np

FILTERS, UNITS, CLASSES = (32, 64, 128), 128, 10


@dataclasses.dataclass(frozen=True)
class Problem:
    size: int = 128
    channels: int = 3
    padding: str = "valid"

    def program(self, text):
        """program.tn for this problem."""
        for word in ("SIZE", "CHANNELS", "PADDING"):
            text = text.replace(word, str(getattr(self, word.lower())))
        return text

    def blocks(self):
        """Of each convolution: inputs, outputs, and the sides of what it gives."""
        side, inputs = self.size, self.channels
        for outputs in FILTERS:
            side -= 2 if self.padding == "valid" else 0
            yield inputs, outputs, side
            side, inputs = side // 2, outputs

    @property
    def flat(self):
        """The shape that is flattened."""
        _, outputs, side = list(self.blocks())[-1]
        return side // 2, side // 2, outputs

    def weights(self, random):
        """Kernels as Glorot and Bengio draw them, in f64."""
        def uniform(*shape, reach=1):
            limit = np.sqrt(6.0 / (reach * (shape[-2] + shape[-1])))
            return random.uniform(-limit, limit, shape)

        made = {}
        for name, (inputs, outputs, _) in zip(("first", "second", "third"), self.blocks()):
            made[f"{name}.kernel"] = uniform(3, 3, 1, inputs, outputs, reach=9)
            made[f"{name}.bias"] = np.zeros(outputs)
        for name, inputs, outputs in (("hidden", np.prod(self.flat), UNITS), ("output", UNITS, CLASSES)):
            made[f"{name}.kernel"] = uniform(inputs, outputs)
            made[f"{name}.bias"] = np.zeros(outputs)
        return made

    def batches(self, random, count, batch):
        """Uniform noise, in random classes."""
        image = random.uniform(size=(count, batch, self.size, self.size, self.channels))
        return image, np.eye(CLASSES)[random.integers(CLASSES, size=(count, batch))]

    def multiply_adds(self):
        """Of each layer for one picture, by direct convolution."""
        work = [9 * inputs * outputs * side * side for inputs, outputs, side in self.blocks()]
        return work + [int(np.prod(self.flat)) * UNITS, UNITS * CLASSES]

    def parameters(self):
        return sum(array.size for array in self.weights(np.random.default_rng()).values())
