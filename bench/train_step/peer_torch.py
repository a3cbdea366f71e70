"""PyTorch, eager: nn.LSTM, which has no recurrent dropout, so it takes part without dropout only."""
import torch

from common import arguments, batches, serve

args = arguments()
torch.set_num_threads(2)
torch.manual_seed(0)


class Classifier(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(args.words, args.width)
        self.lstm = torch.nn.LSTM(args.width, args.width, batch_first=True)
        self.output = torch.nn.Linear(args.width, 1)

    def forward(self, tokens):
        return self.output(self.lstm(self.embedding(tokens))[0][:, -1])[:, 0]


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
tokens, labels = map(torch.from_numpy, batches(args, args.steps))


def run():
    for k in range(args.steps):
        optimizer.zero_grad(set_to_none=True)
        logits = model(tokens[k])
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels[k])
        loss.backward()
        optimizer.step()
        ((logits > 0) == (labels[k] > 0.5)).float().mean().item()
        loss.item()


serve(run, run, "PyTorch", args.steps)
