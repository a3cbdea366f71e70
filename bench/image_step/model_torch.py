"""The image classifier in PyTorch, with Tenon's weights."""
import torch
import torch.nn.functional as F

from problem import CLASSES, UNITS


def channels_first(array):
    """Pictures as PyTorch indexes them."""
    return torch.tensor(array).permute(0, 3, 1, 2).contiguous()


def kernels(problem, weights):
    """Weights under PyTorch's names and axes; the hidden layer sees channels first, too."""
    made = {}
    for name in ("first", "second", "third", "hidden", "output"):
        kernel = weights[f"{name}.kernel"]
        if kernel.ndim == 5:
            kernel = kernel[:, :, 0].transpose(3, 2, 0, 1)
        elif name == "hidden":
            kernel = kernel.reshape(*problem.flat, UNITS).transpose(3, 2, 0, 1).reshape(UNITS, -1)
        else:
            kernel = kernel.T
        made[f"{name}.weight"], made[f"{name}.bias"] = kernel.copy(), weights[f"{name}.bias"]
    return made


class Classifier(torch.nn.Module):
    def __init__(self, problem, weights):
        super().__init__()
        for name, (inputs, outputs, _) in zip(("first", "second", "third"), problem.blocks()):
            setattr(self, name, torch.nn.Conv2d(inputs, outputs, 3, padding=problem.padding))
        rows, columns, channels = problem.flat
        self.hidden = torch.nn.Linear(rows * columns * channels, UNITS)
        self.output = torch.nn.Linear(UNITS, CLASSES)
        dtype = torch.tensor(weights["output.bias"]).dtype
        self.to(dtype).load_state_dict({name: torch.tensor(array) for name, array in kernels(problem, weights).items()})

    def forward(self, x):
        """Logits."""
        for convolution in (self.first, self.second, self.third):
            x = F.max_pool2d(F.relu(convolution(x)), 2)
        return self.output(F.relu(self.hidden(x.flatten(1))))
