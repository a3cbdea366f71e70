"""PyTorch. Modes: channels_last is its other layout, compile its compiler, with frozen weights to predict."""
import torch
import torch._inductor.config

from common import PROBLEM, contend, image, label, mode, weights, what
from model_torch import Classifier, channels_first

torch.set_num_threads(2)
layout = torch.channels_last if "channels_last" in mode else torch.contiguous_format
batches = [image] if what == "predict" else image
x = [channels_first(batch).to(memory_format=layout) for batch in batches]
y = torch.from_numpy(label)
model = Classifier(PROBLEM, weights).to(memory_format=layout)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
if what == "predict":
    model.eval()


def whole(x, y=None):
    if y is None:
        return model(x).softmax(1)
    return torch.nn.functional.cross_entropy(model(x), y)


if "compile" in mode:
    torch._inductor.config.freezing = what == "predict"
    whole = torch.compile(whole)


def step(k):
    optimizer.zero_grad(set_to_none=True)
    loss = whole(x[k], y[k])
    loss.backward()
    optimizer.step()
    return loss.item()


def predict():
    with torch.no_grad():
        return whole(x[0])


contend(" ".join(["PyTorch", *mode.split("+")]).strip(), step, predict)
